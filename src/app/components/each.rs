//! A list whose rows come, go and move while others stay as they are.

use leptos::prelude::*;

use super::{Seal, Sealed};

struct Keyed {
    key: u128,
    view: Box<dyn FnOnce() -> Sealed + Send>,
}

/// One view for each item, made when its key is new. All lists share the code of one `<For>`.
pub fn each<T: Send + 'static>(
    items: impl Fn() -> Vec<T> + Send + 'static,
    key: fn(&T) -> u128,
    view: impl Fn(T) -> Sealed + Clone + Send + 'static,
) -> Sealed {
    rows(Box::new(move || {
        let row = |item| {
            let view = view.clone();
            Keyed { key: key(&item), view: Box::new(move || view(item)) }
        };
        items().into_iter().map(row).collect()
    }))
}

fn rows(rows: Box<dyn Fn() -> Vec<Keyed> + Send>) -> Sealed {
    view! { <For each=rows key=|row| row.key children=|row| (row.view)()/> }.seal()
}
