//! Questions and answers.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::components::{EmptyState, MetadataList, ProblemNotice, Seal, Sealed, SearchForm};
use super::format;
use super::loaded::load;
use crate::domain::{Answer, DocumentWithChunks, Source};
use crate::server_fns::ask;

/// How many passages an answer shows.
const PASSAGES: u32 = 10;

#[component]
pub fn SearchPage() -> impl IntoView {
    let question = use_query_map().read_untracked().get("q").unwrap_or_default().trim().to_owned();
    let asked = question.clone();
    let fetch = async move { if asked.is_empty() { Ok(None) } else { ask(asked, PASSAGES).await.map(Some) } };
    let show = |answer| match answer {
        Ok(None) => view! {
            <EmptyState title="Ask anything about your documents">
                "Any word may match, and rarer words count more. Put words into "
                <q>"double quotes"</q> " to find them exactly as they stand."
            </EmptyState>
        }
        .seal(),
        Ok(Some(answer)) => view! { <AnswerView answer/> }.seal(),
        Err(problem) => view! { <ProblemNotice problem/> }.seal(),
    };
    let title = if question.is_empty() { "Search".to_owned() } else { format!("{question} · Search") };
    view! {
        <Title text=title/>
        <h1>"Search"</h1>
        <SearchForm question large=true/>
        {load(fetch, show)}
    }
    .seal()
}

#[component]
fn AnswerView(answer: Answer) -> impl IntoView {
    let Answer { answer, sources, metadata } = answer;
    let found = format!(
        "{} in {} ms, best first",
        format::counted(sources.len() as u64, "passage"),
        format::decimal(metadata.took_ms)
    );
    let none = sources.is_empty();
    let count = sources.len();
    let sources: Vec<_> =
        sources.into_iter().enumerate().map(|(index, source)| source_view(index + 1, source)).collect();
    view! {
        <section class="answer">
            <h2>"Answer"</h2>
            <p data-testid="answer">{linked(&answer, count)}</p>
        </section>
        {if none {
            view! {
                <p class="muted">
                    "Try other words, or see " <a href="/app/documents">"what has been taken in"</a> "."
                </p>
            }
            .seal()
        } else {
            view! {
                <section aria-label="Sources">
                    <div class="list-head">
                        <h2>"Sources"</h2>
                        <span class="muted">{found}</span>
                    </div>
                    <ol class="sources">{sources}</ol>
                </section>
            }
            .seal()
        }}
    }
    .seal()
}

fn source_view(number: usize, source: Source) -> Sealed {
    let page = u64::from(DocumentWithChunks::DEFAULT_LIMIT);
    let offset = source.chunk_index / page * page;
    let href = match offset {
        0 => format!("/app/documents/{}#chunk-{}", source.document_id, source.chunk_index),
        _ => format!("/app/documents/{}?offset={offset}#chunk-{}", source.document_id, source.chunk_index),
    };
    let place =
        format::place(&format!("chunk {}", source.chunk_index), &source.place, source.start, source.end);
    view! {
        <li id=format!("source-{number}") class="source" data-testid="source">
            <p class="source-head">
                <span class="source-number" aria-hidden="true">{number.to_string()}</span>
                <a href=href>{source.document_name}</a>
                <span class="muted">{place}</span>
                <span class="source-score muted" title="BM25 score: comparable within this answer">
                    "score " {format::decimal(f64::from(source.score))}
                </span>
            </p>
            // Escaped by the server, except for the marks around the matches.
            <p class="snippet" inner_html=source.snippet></p>
            <details>
                <summary>"Whole passage"</summary>
                <p class="passage">{source.content}</p>
            </details>
            <MetadataList metadata=source.metadata/>
        </li>
    }
    .seal()
}

/// The answer with its source numbers as links.
fn linked(answer: &str, sources: usize) -> Vec<Sealed> {
    parts(answer, sources)
        .into_iter()
        .map(|part| match part {
            Part::Words(words) => words.to_owned().seal(),
            Part::Source(number) => view! {
                <a class="reference" href=format!("#source-{number}")>
                    {format!("[{number}]")}
                </a>
            }
            .seal(),
        })
        .collect()
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Words(&'a str),
    Source(usize),
}

/// Splits an answer at its source numbers; other numbers in brackets stay words.
fn parts(answer: &str, sources: usize) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut words = 0;
    let mut from = 0;
    while let Some(open) = answer[from..].find('[').map(|at| from + at) {
        let close = answer[open..].find(']').map(|at| open + at);
        let number = close.and_then(|close| answer[open + 1..close].parse::<usize>().ok());
        match (close, number) {
            (Some(close), Some(number)) if (1..=sources).contains(&number) => {
                if words < open {
                    parts.push(Part::Words(&answer[words..open]));
                }
                parts.push(Part::Source(number));
                words = close + 1;
                from = words;
            }
            _ => from = open + 1,
        }
    }
    if words < answer.len() {
        parts.push(Part::Words(&answer[words..]));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::Part::{Source, Words};
    use super::parts;

    #[test]
    fn source_numbers_become_links_and_nothing_else_does() {
        for (answer, expected) in [
            ("A [1] b [2].", vec![Words("A "), Source(1), Words(" b "), Source(2), Words(".")]),
            ("In [1999] and [0] and [3].", vec![Words("In [1999] and [0] and [3].")]),
            ("list[i] [1]", vec![Words("list[i] "), Source(1)]),
            ("[[1]", vec![Words("["), Source(1)]),
            ("open [ end", vec![Words("open [ end")]),
            ("", vec![]),
        ] {
            assert_eq!(parts(answer, 2), expected, "{answer}");
        }
    }
}
