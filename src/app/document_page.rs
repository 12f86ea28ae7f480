//! One document with its chunks.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::components::{ChunkText, MetadataList, ProblemNotice, Seal, Sealed, TimeOf};
use super::documents_page::DeleteDocumentForm;
use super::format;
use super::loaded::load;
use crate::app::permission::may;
use crate::domain::access::Scope;
use crate::domain::{Chunk, Document, DocumentId, DocumentWithChunks, Problem};
use crate::server_fns::get_document;

#[component]
pub fn DocumentPage() -> impl IntoView {
    let given = use_params_map().read_untracked().get("id").unwrap_or_default();
    let offset =
        use_query_map().read_untracked().get_str("offset").and_then(|it| it.parse().ok()).unwrap_or(0);
    load(find(given, offset), move |found| match found {
        Ok(found) => in_full(found, offset),
        Err(problem) => view! {
            <Title text="Document not found"/>
            <h1>"Document"</h1>
            <ProblemNotice problem/>
            <p><a href="/app/documents">"All documents"</a></p>
        }
        .seal(),
    })
}

/// The document, its warnings, its chunks from the offset on, and the offset of the next ones.
type Found = (Document, Vec<String>, Vec<Chunk>, Option<u64>);

/// What is not an id is the id of no document. The server is asked even so: its answer sets the
/// page's status to 404.
async fn find(given: String, offset: u64) -> Result<Found, Problem> {
    match given.parse::<DocumentId>() {
        Ok(id) => get_document(id, offset).await,
        Err(_) => get_document(DocumentId(uuid::Uuid::nil()), 0)
            .await
            .map_err(|problem| Problem { detail: format!("“{given}” is not a document id."), ..problem }),
    }
}

fn in_full((document, warnings, chunks, next_offset): Found, offset: u64) -> Sealed {
    let page = u64::from(DocumentWithChunks::DEFAULT_LIMIT);
    let address = format!("/app/documents/{}", document.document_id);
    let newer = (offset > 0).then(|| {
        let href = format!("{address}?offset={}", offset.saturating_sub(page));
        view! { <a class="button" href=href rel="prev">"Earlier chunks"</a> }.seal()
    });
    let older = next_offset.map(|next| {
        view! {
            <a class="button" href=format!("{address}?offset={next}") rel="next" data-testid="show-more">
                "Later chunks"
            </a>
        }
        .seal()
    });
    let shown = match chunks.len() as u64 {
        0 => "No chunks here.".to_owned(),
        count if count == document.chunk_count => format::counted(count, "chunk"),
        count => format!("{}–{} of {}", offset + 1, offset + count, format::count(document.chunk_count)),
    };
    let job = format!("/app/jobs/{}", document.job_id);
    let unwarned = warnings.is_empty();
    let source = document.sha256.clone().map(|sha256| {
        let href = format!("/documents/{}/source", document.document_id);
        view! {
            <div><dt>"Source"</dt><dd><a href=href download="" data-testid="download">"Download"</a></dd></div>
            <div class="wide"><dt>"SHA-256"</dt><dd><code>{sha256}</code></dd></div>
        }
        .seal()
    });
    let text = chunks.clone();
    view! {
        <Title text=document.name.clone()/>
        <p class="crumbs"><a href="/app/documents">"Documents"</a></p>
        <div class="page-head">
            <h1><bdi>{document.name.clone()}</bdi></h1>
            <div class="page-actions">
                {may(Scope::Manage).then(|| view! { <DeleteDocumentForm id=document.document_id name=document.name/> })}
            </div>
        </div>
        <dl class="fields">
            <div><dt>"Type"</dt><dd>{document.media_type}</dd></div>
            <div><dt>"Size"</dt><dd>{format::bytes(document.size_bytes)}</dd></div>
            <div><dt>"Characters"</dt><dd>{format::count(document.characters)}</dd></div>
            <div><dt>"Chunks"</dt><dd>{format::count(document.chunk_count)}</dd></div>
            <div><dt>"Taken in"</dt><dd><TimeOf time=document.created_at/></dd></div>
            <div><dt>"By"</dt><dd><a href=job>"this job"</a></dd></div>
            {source}
        </dl>
        <ul class="warnings" hidden=unwarned>
            {warnings.into_iter().map(|it| view! { <li><bdi>{it}</bdi></li> }.seal()).collect_view()}
        </ul>
        <MetadataList metadata=document.metadata/>
        <h2>"Chunks"</h2>
        <ol class="chunks">{chunks.into_iter().map(chunk).collect_view()}</ol>
        <div class="list-foot">{newer} {older} <span class="muted">{shown}</span></div>
        <details id="as-text" class="as-text">
            <summary>"As one text, with where it was cut"</summary>
            <ChunkText chunks=text/>
        </details>
    }
    .seal()
}

/// A chunk with its place.
pub fn chunk(chunk: Chunk) -> Sealed {
    let place = format::place(&format!("Chunk {}", chunk.chunk_index), &chunk.place, chunk.start, chunk.end);
    view! {
        <li id=format!("chunk-{}", chunk.chunk_index) class="chunk" data-testid="chunk">
            <p class="muted">{place}</p>
            <p class="passage">{chunk.text}</p>
        </li>
    }
    .seal()
}
