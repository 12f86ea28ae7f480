//! Metadata as names and values.

use leptos::prelude::*;

use super::Seal;
use serde_json::Value;

use crate::domain::Metadata;

/// Nothing at all when there is no metadata.
#[component]
pub fn MetadataList(metadata: Metadata) -> impl IntoView {
    (!metadata.is_empty()).then(|| {
        let pairs: Vec<_> = metadata
            .0
            .into_iter()
            .map(|(name, value)| {
                view! {
                    <div>
                        <dt>{name}</dt>
                        <dd>{text(value)}</dd>
                    </div>
                }
                .seal()
            })
            .collect();
        view! { <dl class="metadata" aria-label="Metadata">{pairs}</dl> }.seal()
    })
}

/// A string as it is, everything else as JSON.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
