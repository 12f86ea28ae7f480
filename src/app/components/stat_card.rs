//! One number with its name.

use leptos::prelude::*;

use super::{Seal, Text};

#[component]
pub fn StatCard(
    label: &'static str,
    /// The number's name for tests and for its colour.
    name: &'static str,
    value: Text,
) -> impl IntoView {
    view! {
        <div class=format!("stat stat-{name}") data-testid=format!("stat-{name}")>
            <dt>{label}</dt>
            <dd data-testid="stat-value">{value}</dd>
        </div>
    }
    .seal()
}
