//! What has been taken in.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::address::address;
use super::components::{EmptyState, ProblemNotice, Seal, Sealed, StatCard, TimeOf, curl_line, text};
use super::format;
use super::loaded::load;
use crate::app::permission::may;
use crate::domain::access::Scope;
use crate::domain::{Document, DocumentFilter, DocumentId, DocumentPage, KnowledgeBase};
use crate::server_fns::{DeleteDocument, get_knowledge_base, list_documents};

const PAGE: u32 = DocumentPage::DEFAULT_LIMIT;

#[component]
pub fn DocumentsPage() -> impl IntoView {
    let parameters = use_query_map();
    let parameter = move |name: &str| parameters.read_untracked().get(name);
    // What cannot be read chooses nothing.
    let filter = DocumentFilter::from_parameters(&parameter).unwrap_or_default();
    let before = parameter("before").and_then(|it| it.parse().ok());
    let asked = filter.clone();
    let fetch = async move {
        let knowledge = get_knowledge_base().await?;
        let page = list_documents(asked, before, PAGE).await?;
        Ok((knowledge, page))
    };
    let show = move |found| match found {
        Ok((knowledge, page)) => view! { <Documents knowledge page filter before/> }.seal(),
        Err(problem) => view! { <ProblemNotice problem/> }.seal(),
    };
    view! {
        <Title text="Documents"/>
        <h1>"Documents"</h1>
        {load(fetch, show)}
    }
    .seal()
}

#[component]
fn Documents(
    knowledge: KnowledgeBase,
    page: DocumentPage,
    filter: DocumentFilter,
    #[prop(optional_no_strip)] before: Option<DocumentId>,
) -> impl IntoView {
    let number = |number: u64| text(move || format::count(number));
    let index = if knowledge.index.up_to_date {
        "The search index is up to date."
    } else {
        "The search index is catching up; the newest documents may not be found yet."
    };
    let empty = page.documents.is_empty().then(|| match filter == DocumentFilter::default() {
        true => view! {
            <EmptyState title="No documents yet">
                <a href="/">"Add a file or a text"</a> ", or send one from a terminal:"
                <code class="example">{curl_line()}</code>
            </EmptyState>
        }
        .seal(),
        false => view! {
            <EmptyState title="No documents match">
                <a href="/app/documents">"See all documents"</a> ", or search what is in them above."
            </EmptyState>
        }
        .seal(),
    });
    let more = page.next.map(|next| {
        let mut parameters = filter.parameters();
        parameters.push(("before", next.to_string()));
        let href = address("/app/documents", &parameters);
        view! { <a class="button" data-testid="show-more" rel="next" href=href>"Older documents"</a> }
    });
    let first = address("/app/documents", &filter.parameters());
    let newest = before.map(|_| view! { <p><a href=first>"Back to the newest"</a></p> });
    let shown = format::shown_of(page.documents.len() as u64, page.total_count, "document");
    view! {
        <dl class="stats small">
            <StatCard label="Documents" name="documents" value=number(knowledge.documents)/>
            <StatCard label="Chunks" name="chunks" value=number(knowledge.chunks)/>
            <StatCard label="Size of sources" name="bytes" value=text(move || format::bytes(knowledge.bytes))/>
        </dl>
        <p class="muted">{index}</p>
        <DocumentFilterForm filter/>
        {newest}
        <DocumentTable documents=page.documents/>
        {empty}
        <div class="list-foot">{more} <span class="muted">{shown}</span></div>
    }
    .seal()
}

#[component]
fn DocumentFilterForm(filter: DocumentFilter) -> impl IntoView {
    let job = filter.job.map(|job| {
        let without = address("/app/documents", &DocumentFilter { job: None, ..filter.clone() }.parameters());
        view! {
            <input type="hidden" name="job_id" value=job.to_string()/>
            <a class="token" href=without>"Of one job" <span aria-hidden="true">" ×"</span><span class="visually-hidden">": remove"</span></a>
        }
        .seal()
    });
    view! {
        <form class="filter-bar documents-filter" action="/app/documents" method="get" aria-label="Filter">
            <input
                type="search"
                name="q"
                aria-label="Find documents by name"
                placeholder="Find documents by name"
                autocomplete="off"
                data-testid="document-filter"
                value=filter.text.clone()
            />
            <button class="button">"Find"</button>
            {job}
        </form>
    }
    .seal()
}

#[component]
fn DocumentTable(documents: Vec<Document>) -> impl IntoView {
    let none = documents.is_empty();
    view! {
        <table class="documents" role="table" aria-label="Documents, newest first" hidden=none>
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"Document"</th>
                    <th role="columnheader" scope="col">"Type"</th>
                    <th role="columnheader" scope="col" class="cell-number">"Size"</th>
                    <th role="columnheader" scope="col" class="cell-number">"Chunks"</th>
                    <th role="columnheader" scope="col">"Taken in"</th>
                    <th role="columnheader" scope="col"><span class="visually-hidden">"Actions"</span></th>
                </tr>
            </thead>
            <tbody role="rowgroup">{documents.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
    .seal()
}

fn row(document: Document) -> Sealed {
    let id = document.document_id;
    view! {
        <tr role="row" data-testid="document" data-document-id=id.to_string()>
            <td role="cell" class="cell-name">
                <a class="job-name" href=format!("/app/documents/{id}")>{document.name.clone()}</a>
            </td>
            <td role="cell" data-label="Type">{document.media_type}</td>
            <td role="cell" class="cell-number" data-label="Size">{format::bytes(document.size_bytes)}</td>
            <td role="cell" class="cell-number" data-label="Chunks">{format::count(document.chunk_count)}</td>
            <td role="cell" class="cell-times" data-label="Taken in"><TimeOf time=document.created_at/></td>
            <td role="cell" class="cell-actions">
                {may(Scope::Manage).then(|| view! { <DeleteDocumentForm id name=document.name small=true/> })}
            </td>
        </tr>
    }
    .seal()
}

/// Deletes a document; the desk asks before.
#[component]
pub fn DeleteDocumentForm(id: DocumentId, name: String, #[prop(optional)] small: bool) -> impl IntoView {
    view! {
        <form
            action=DeleteDocument::url()
            method="post"
            data-confirm="Delete this document?"
            data-confirm-text=format!("“{name}” and its chunks are deleted; no search finds them any more.")
            data-confirm-yes="Delete document"
            data-done=format!("Deleted “{name}”.")
        >
            <input type="hidden" name="id" value=id.to_string()/>
            <button class=if small { "button small" } else { "button" } data-testid="delete-document">
                "Delete" <span class="visually-hidden">" " {name.clone()}</span>
            </button>
        </form>
    }
    .seal()
}
