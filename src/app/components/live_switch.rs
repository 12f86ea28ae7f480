//! The switch for live updates, and how the connection is.

use leptos::prelude::*;

use super::{Seal, word};
use crate::app::live::Live;

/// Hidden until the page is live: without JavaScript there is nothing to switch.
#[component]
pub fn LiveSwitch(live: Live) -> impl IntoView {
    view! {
        <div class="live needs-js">
            <p class="live-state" role="status" data-testid="live-state" data-state=word(move || live.state.get().as_str())>
                {word(move || live.state.get().text())}
            </p>
            <label class="switch">
                <input
                    type="checkbox"
                    role="switch"
                    autocomplete="off"
                    // The box itself keeps what the person chose.
                    checked=live.wanted.get_untracked()
                    data-testid="live-toggle"
                    on:change=move |event| live.wanted.set(event_target_checked(&event))
                />
                <span class="visually-hidden">"Live updates"</span>
            </label>
        </div>
    }
    .seal()
}
