//! Copies a text, and says in words whether it could.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Seal, on_click};
use crate::app::desk::tell;

#[component]
pub fn CopyButton(
    label: &'static str,
    /// What is copied; asked for in the browser only.
    what: impl Fn() -> String + 'static,
) -> impl IntoView {
    let copy = on_click(move |_| {
        let navigator = window().navigator();
        // Browsers offer the clipboard to secure pages only.
        let offered = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|it| it.is_object());
        if !offered {
            return tell("Copying needs HTTPS.".to_owned(), None);
        }
        let written = navigator.clipboard().write_text(&what());
        spawn_local(async move {
            let copied = js_sys::futures::JsFuture::from(written).await.is_ok();
            tell(if copied { "Copied." } else { "Could not copy." }.to_owned(), None);
        });
    });
    view! { <button type="button" class="button small needs-js" on:click=copy>{label}</button> }.seal()
}
