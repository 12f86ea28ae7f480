//! Who was told of a job's end, and how that went.

use leptos::prelude::*;

use super::{Seal, Sealed, TimeOf};
use crate::app::format;
use crate::domain::WebhookDelivery;

#[component]
pub fn WebhookList(deliveries: Vec<WebhookDelivery>) -> impl IntoView {
    let rows: Vec<_> = deliveries.into_iter().map(row).collect();
    (!rows.is_empty()).then(|| view! { <h2>"Webhooks"</h2> <ol class="items">{rows}</ol> }.seal())
}

fn row(delivery: WebhookDelivery) -> Sealed {
    let attempts = format::counted(delivery.attempts.len() as u64, "attempt");
    let next = delivery.next_attempt_at.map(|time| view! { " · next " <TimeOf time/> }.seal());
    let last = delivery.attempts.last().map(|it| it.error.clone()).filter(|it| !it.is_empty());
    let error = last.map(|it| view! { " · " <span class="wrong"><bdi>{it}</bdi></span> }.seal());
    view! {
        <li data-testid="webhook" data-status=delivery.status.as_str()>
            <span class="item-name"><bdi>{delivery.url}</bdi></span>
            <span>
                <code>{delivery.event.as_str()}</code> " " {delivery.status.as_str()}
                <span class="muted">" · " {attempts} {next}</span> {error}
            </span>
        </li>
    }
    .seal()
}
