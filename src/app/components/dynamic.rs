//! The parts of a view that change, in a few common types.
//!
//! Leptos compiles a closure in a view into code of its own, some kilobytes each. Behind one of
//! these types all closures share that code, which halves the bundle.

use std::sync::Arc;
use std::time::Duration;

use leptos::ev::MouseEvent;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::{Effect, Memo, set_timeout_with_handle};

use super::Sealed;

/// Text, or an attribute's value.
pub type Text = Arc<dyn Fn() -> String + Send + Sync>;
/// A fixed word, mostly an attribute's value.
type Word = Arc<dyn Fn() -> &'static str + Send + Sync>;
/// An attribute that is there or not.
pub type Flag = Arc<dyn Fn() -> bool + Send + Sync>;
/// A piece of the view that is there or not.
type Part = Box<dyn FnMut() -> Option<Sealed> + Send>;

pub fn text(f: impl Fn() -> String + Send + Sync + 'static) -> Text {
    Arc::new(f)
}

pub fn word(f: impl Fn() -> &'static str + Send + Sync + 'static) -> Word {
    Arc::new(f)
}

pub fn flag(f: impl Fn() -> bool + Send + Sync + 'static) -> Flag {
    Arc::new(f)
}

/// Does something now and whenever what it reads changes, in the browser only.
pub fn effect(f: impl FnMut() + 'static) {
    boxed_effect(Box::new(f));
}

fn boxed_effect(mut f: Box<dyn FnMut()>) {
    Effect::new(move |_| f());
}

/// Whether something holds; tells only when that changes.
pub fn holds(f: impl Fn() -> bool + Send + Sync + 'static) -> Memo<bool> {
    let f: Flag = Arc::new(f);
    Memo::new(move |_| f())
}

/// Does something after a while, in the browser only.
pub fn later(f: impl FnOnce() + 'static, after: Duration) -> Option<TimeoutHandle> {
    let f: Box<dyn FnOnce()> = Box::new(f);
    set_timeout_with_handle(f, after).ok()
}

pub fn part(f: impl FnMut() -> Option<Sealed> + Send + 'static) -> Part {
    Box::new(f)
}

pub fn on_click(f: impl FnMut(MouseEvent) + 'static) -> Box<dyn FnMut(MouseEvent)> {
    Box::new(f)
}
