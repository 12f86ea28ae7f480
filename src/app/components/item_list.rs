//! How the items of a job ended.

use leptos::prelude::*;

use super::{Seal, Sealed};
use crate::app::format;
use crate::domain::words::of_it;
use crate::domain::{Duplicate, JobItem};

#[component]
pub fn ItemList(items: Vec<JobItem>) -> impl IntoView {
    if items.is_empty() {
        return view! { <p class="muted">"No items here yet."</p> }.seal();
    }
    view! { <ol class="items">{items.into_iter().map(item).collect_view()}</ol> }.seal()
}

fn item(item: JobItem) -> Sealed {
    let name = if item.name.is_empty() { format!("Item {}", item.item + 1) } else { item.name };
    let failed = !item.error_message.is_empty();
    let is_skipped = item.duplicate.and_then(Duplicate::stands_in).is_some();
    let outcome = match (item.document_id, item.error_message) {
        (_, error) if !error.is_empty() => {
            view! { <span class="wrong">"Failed: " <bdi>{of_it(&name, &error)}</bdi></span> }.seal()
        }
        (Some(id), _) if is_skipped => {
            view! { "Skipped: " <a href=format!("/app/documents/{id}")>"a document"</a> " has the same content" }.seal()
        }
        (Some(id), _) => {
            let chunks = format::counted(item.chunks_created, "chunk");
            view! { <a href=format!("/app/documents/{id}")>"Document"</a> " " <span class="muted">{chunks}</span> }
                .seal()
        }
        (None, _) => view! { <span class="muted">"not yet"</span> }.seal(),
    };
    view! {
        <li data-testid="job-item" data-failed=failed.to_string()>
            <span class="item-name"><bdi>{name}</bdi></span>
            <span>{outcome}</span>
        </li>
    }
    .seal()
}
