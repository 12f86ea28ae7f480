//! What a file or a text would become, without ingesting it. Written by the server only: a form and its answer need
//! no code in the browser.

use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::components::Router;

use super::components::{MetadataList, ProblemNotice, Seal, Sealed};
use super::document_page::chunk;
use super::{Header, format};
use crate::domain::format::FORMATS;
use crate::domain::{Chunking, Preview, PreviewedDocument, Problem};

/// The page as a whole, with what came of the form if it was sent.
pub fn preview_page(
    options: LeptosOptions,
    chunking: Chunking,
    answer: Option<Result<Preview, Problem>>,
) -> impl IntoView {
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    let shown = answer.map(|answer| match answer {
        Ok(preview) => results(preview),
        Err(problem) => view! { <ProblemNotice problem/> }.seal(),
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-hydrated="">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="stylesheet" href=style/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <MetaTags/>
            </head>
            <body>
                <Page chunking shown/>
            </body>
        </html>
    }
}

#[component]
fn Page(chunking: Chunking, shown: Option<Sealed>) -> impl IntoView {
    provide_meta_context();
    view! {
        <Title text="Preview · Sluice"/>
        <Router>
            <a class="skip" href="#main">"Skip to content"</a>
            <Header/>
            <main id="main" tabindex="-1">
                <h1>"Preview"</h1>
                <p>"See what a file or a text would become. Nothing is kept."</p>
                <PreviewForm chunking/>
                {shown}
            </main>
        </Router>
    }
}

#[component]
fn PreviewForm(chunking: Chunking) -> impl IntoView {
    let accept: Vec<_> =
        FORMATS.iter().flat_map(|it| it.extensions).map(|extension| format!(".{extension}")).collect();
    view! {
        <form class="preview-form" action="/app/preview" method="post" enctype="multipart/form-data">
            <div>
                <label for="preview-file">"File"</label>
                <input id="preview-file" type="file" name="file" accept=accept.join(",")/>
            </div>
            <div>
                <label for="preview-text">"Or a text"</label>
                <textarea id="preview-text" name="text_content" rows="3"></textarea>
            </div>
            <div class="preview-lengths">
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
                <span class="muted">"characters"</span>
                <label for="preview-password">"Password, if it has one"</label>
                <input id="preview-password" type="password" name="password" autocomplete="off"/>
            </div>
            <button class="button" data-testid="preview-submit">"Preview"</button>
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
