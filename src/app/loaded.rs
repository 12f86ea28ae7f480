//! What a page loads before it is shown: on the server for the first HTML, in the browser later.
//!
//! Between its source and its view everything loaded is JSON text, which is how it travels in the
//! first HTML anyway. So all pages share one kind of resource; each kind is much code.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::components::{Seal, Sealed};
use crate::domain::{Problem, json};

type Fetch = Box<dyn Fn() -> Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync>;
type Show = Arc<dyn Fn(&str) -> Sealed + Send + Sync>;

/// Shows what was fetched, and says `waiting` until it is there. Fetches now, and again whenever
/// what `follow` reads changes; what is on show stays until the new answer has come.
pub fn load<T, F>(
    follow: impl Fn() + Send + Sync + 'static,
    fetch: impl Fn() -> F + Send + Sync + 'static,
    waiting: &'static str,
    show: impl Fn(Result<T, Problem>) -> Sealed + Send + Sync + 'static,
) -> Sealed
where
    T: Serialize + DeserializeOwned + 'static,
    F: Future<Output = Result<T, Problem>> + Send + 'static,
{
    let fetch: Fetch = Box::new(move || {
        let answer = fetch();
        Box::pin(async move { written(&answer.await) })
    });
    let show: Show = Arc::new(move |text| show(read(text)));
    load_text(Box::new(follow), fetch, waiting, show)
}

fn load_text(follow: Box<dyn Fn() + Send + Sync>, fetch: Fetch, waiting: &'static str, show: Show) -> Sealed {
    let turn = Memo::new(move |former: Option<&u32>| {
        follow();
        former.map_or(0, |it| it + 1)
    });
    let loaded = Resource::new_str_blocking(move || turn.get(), move |_| fetch());
    view! {
        <Transition fallback=move || view! { <p class="loading">{waiting}</p> }>
            {move || {
                let show = Arc::clone(&show);
                Suspend::new(async move { show(&loaded.await) })
            }}
        </Transition>
    }
    .seal()
}

fn written<T: Serialize>(answer: &Result<T, Problem>) -> String {
    match answer {
        Ok(found) => serde_json::to_string(found),
        Err(problem) => serde_json::to_string(problem),
    }
    .expect("what came as JSON can be written as JSON")
}

/// What can be read as neither comes from a server of another version.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    json::read(text).map_err(|error| json::read(text).unwrap_or_else(|_| unreadable(&error)))
}

fn unreadable(error: &serde_json::Error) -> Problem {
    Problem::new(502, "no_answer", format!("The server did not answer as expected: {error}"))
}
