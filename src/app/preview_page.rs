//! What a file or a text would become, without ingesting it.

use leptos::prelude::*;
use leptos_meta::Title;

use super::components::{MetadataList, ProblemNotice, Seal, Sealed};
use super::document_page::chunk;
use super::format;
use super::permission::may;
use crate::domain::access::Scope;
use crate::domain::format::FORMATS;
use crate::domain::{Chunking, Preview, PreviewedDocument, Problem};

/// What the page shows; the handler gives it as context.
#[derive(Clone, Debug, Default)]
pub struct Previewed {
    /// What the form's fields say.
    pub chunking: Chunking,
    pub text: String,
    /// What came of the form, if it was sent.
    pub answer: Option<Result<Preview, Problem>>,
}

#[component]
pub fn PreviewPage() -> impl IntoView {
    let Previewed { chunking, text, answer } = use_context().unwrap_or_default();
    let form = match may(Scope::Ingest) {
        true => view! { <PreviewForm chunking text/> }.seal(),
        false => view! { <p class="muted">"The key you logged in with may not send documents, and so may see no preview of one."</p> }.seal(),
    };
    let shown = answer.map(|answer| match answer {
        Ok(preview) => results(preview),
        Err(problem) => view! { <ProblemNotice problem/> }.seal(),
    });
    view! {
        <Title text="Preview"/>
        <h1>"Preview"</h1>
        <p>"See what a file or a text would become. Nothing is kept."</p>
        {form}
        {shown}
    }
    .seal()
}

/// The lengths come first, so that they are known again when what comes after them is refused.
#[component]
fn PreviewForm(chunking: Chunking, text: String) -> impl IntoView {
    let accept: Vec<_> =
        FORMATS.iter().flat_map(|it| it.extensions).map(|extension| format!(".{extension}")).collect();
    // HTML takes a line break at the beginning away.
    let text = format!("\n{text}");
    view! {
        <form class="preview-form" action="/app/preview" method="post" enctype="multipart/form-data">
            <div class="preview-lengths">
                <p>
                    <label for="preview-size">"Longest chunk"</label>
                    <input
                        id="preview-size"
                        type="number"
                        name="chunk_size"
                        value=chunking.size
                        min=Chunking::LEAST_SIZE
                        max=Chunking::MOST_SIZE
                        required
                    />
                </p>
                <p>
                    <label for="preview-overlap">"Overlap"</label>
                    <input
                        id="preview-overlap"
                        type="number"
                        name="chunk_overlap"
                        value=chunking.overlap
                        min="0"
                        max=Chunking::MOST_SIZE / 2
                        required
                    />
                </p>
                <p class="muted">"In characters"</p>
            </div>
            <p>
                <label for="preview-text">"Text"</label>
                <textarea id="preview-text" name="text_content" rows="4">{text}</textarea>
            </p>
            <div class="preview-file">
                <p>
                    <label for="preview-file">"Or a file"</label>
                    <input id="preview-file" type="file" name="file" accept=accept.join(",")/>
                </p>
                <p>
                    <label for="preview-password">"Its password, if any"</label>
                    <input id="preview-password" type="password" name="password" autocomplete="off"/>
                </p>
            </div>
            <button class="button primary" data-testid="preview-submit">"Preview"</button>
        </form>
    }
}

fn results(preview: Preview) -> Sealed {
    let more = (preview.more_documents > 0)
        .then(|| view! { <p class="muted">{format!("{} more are not shown.", preview.more_documents)}</p> });
    let documents = preview.documents.into_iter().map(document).collect_view();
    view! {
        {documents}
        {more}
    }
    .seal()
}

fn document(document: PreviewedDocument) -> Sealed {
    if !document.error_code.is_empty() {
        return view! {
            <section data-testid="preview-document">
                <h2>{document.name}</h2>
                <div class="notice">
                    <p class="notice-title">"This would fail"</p>
                    <p>{document.error_message}</p>
                    <p class="muted">"Code: " <code>{document.error_code}</code></p>
                </div>
            </section>
        }
        .seal();
    }
    let shown = document.chunks.len() as u64;
    let rest = (shown < document.chunk_count).then(|| {
        let words = format!("The first {shown} of {} chunks are shown.", format::count(document.chunk_count));
        view! { <p class="muted">{words}</p> }
    });
    let warnings = document.warnings.into_iter().map(|it| view! { <li>{it.message}</li> }).collect_view();
    view! {
        <section data-testid="preview-document">
            <h2>{document.name}</h2>
            <dl class="fields">
                <div><dt>"Type"</dt><dd>{document.media_type}</dd></div>
                <div><dt>"Characters"</dt><dd>{format::count(document.characters)}</dd></div>
                <div><dt>"Chunks"</dt><dd>{format::count(document.chunk_count)}</dd></div>
            </dl>
            <ul class="warnings">{warnings}</ul>
            <MetadataList metadata=document.metadata/>
            <ol class="chunks">{document.chunks.into_iter().map(chunk).collect_view()}</ol>
            {rest}
        </section>
    }
    .seal()
}
