//! The queue: how many slots are in use, how many there are, and whether it is paused. Two forms, so that both work
//! without JavaScript; in a live page the list sends them, and keeps the numbers current.

use leptos::prelude::*;

use crate::app::components::{Seal, Sealed};
use crate::app::permission::may;
use crate::domain::QueueState;
use crate::domain::access::Scope;

#[component]
pub fn QueuePanel(
    queue: QueueState,
    /// Where a form leads to.
    back: String,
) -> impl IntoView {
    let most = queue.max_concurrent_jobs;
    view! {
        <section class="queue" aria-label="Queue" data-testid="queue" data-paused=queue.paused.to_string()>
            <h2>"Queue"</h2>
            <meter
                class="slots"
                min="0"
                max=most.to_string()
                value=queue.running_slots.to_string()
                aria-label="Slots in use"
            ></meter>
            <p class="muted" data-testid="slots">{queue.slots_in_words()}</p>
            <p class="paused">"Paused: nothing new is begun."</p>
            {may(Scope::Manage).then(|| forms(most, back))}
        </section>
    }
    .seal()
}

fn forms(most: u32, back: String) -> Sealed {
    view! {
        <form action="/queue" method="post">
            <input type="hidden" name="back" value=back.clone()/>
            <button class="button small when-running" name="paused" value="true" data-testid="pause">"Pause"</button>
            <button class="button small when-paused" name="paused" value="false" data-testid="resume">"Resume"</button>
        </form>
        <form class="slots-form" action="/queue" method="post">
            <input type="hidden" name="back" value=back/>
            <label for="slots-wanted">"Jobs at once"</label>
            <input
                id="slots-wanted"
                type="number"
                name="max_concurrent_jobs"
                min="1"
                max=QueueState::MOST_SLOTS
                required
                autocomplete="off"
                value=most
            />
            <button class="button small">"Set"</button>
        </form>
    }
    .seal()
}
