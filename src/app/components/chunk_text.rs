//! A document's text with where it was cut into chunks: each chunk begins with its number, and what two of them share
//! is marked.

use leptos::prelude::*;

use super::{Seal, Sealed};
use crate::domain::Chunk;
use crate::domain::overlay::{Segment, segments};

#[component]
pub fn ChunkText(chunks: Vec<Chunk>) -> impl IntoView {
    let mut begun = None;
    let parts: Vec<_> = segments(&chunks).into_iter().map(|it| segment(it, &mut begun)).collect();
    view! { <div class="chunk-text" tabindex="0" role="region" aria-label="Text with its chunks" data-testid="chunk-text">{parts}</div> }.seal()
}

fn segment(segment: Segment, begun: &mut Option<u64>) -> Sealed {
    let last = segment.chunks.end.saturating_sub(1);
    let shared = segment.chunks.end - segment.chunks.start > 1;
    let new = begun.is_none_or(|it| it < last).then(|| {
        *begun = Some(last);
        let title = format!("Chunk {last} begins");
        view! { <a class="chunk-number" id=format!("text-{last}") title=title>{last.to_string()}</a> }.seal()
    });
    let class = match (shared, last % 2) {
        (true, _) => "chunk-part shared",
        (_, 0) => "chunk-part",
        _ => "chunk-part odd",
    };
    let gap = segment.gap.then(|| view! { <span class="chunk-gap" aria-hidden="true">"⋯"</span> });
    view! { {gap} {new} <span class=class>{segment.text}</span> }.seal()
}
