//! The desk: what every page has in the browser. Toasts, keys, the theme, questions before forms that cannot be
//! undone, and times in words.

mod copy;
mod forms;
mod keys;
mod theme;
mod times;
mod toasts;

use leptos::prelude::*;

pub use self::keys::KeysHelp;
pub use self::keys::typed;
pub use self::times::put_into_words;
pub use self::toasts::{Undo, tell};

use self::toasts::Toasts;
use super::components::{ConfirmDialog, Seal, effect};

/// The last island of each page.
#[island]
pub fn Desk() -> impl IntoView {
    let question = RwSignal::new(None);
    effect(move || {
        keys::listen();
        theme::listen();
        copy::listen();
        times::keep();
        forms::listen(question);
        // Handlers are attached by now: tests wait for this mark, and the style sheet hides what only a page
        // without JavaScript needs. A frame later, all of this turn's work is done, also what was left for later.
        request_animation_frame(|| {
            if let Some(root) = document().document_element() {
                let _ = root.set_attribute("data-hydrated", "");
            }
        });
    });
    view! {
        <Toasts/>
        <ConfirmDialog question testid="confirm"/>
    }
    .seal()
}

/// Listens as long as the page lives.
pub fn on(target: &web_sys::EventTarget, name: &str, listener: impl FnMut(web_sys::Event) + 'static) {
    use wasm_bindgen::JsCast;
    let listener = wasm_bindgen::closure::Closure::<dyn FnMut(web_sys::Event)>::new(listener);
    // Fails only without a listener, and there is one.
    let _ = target.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener.forget();
}
