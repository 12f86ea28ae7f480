//! What the browser shows; compiled for both targets.
//!
//! Pages own the data and the actions, `components` show them, `live` keeps a page current, and
//! `server_fns` is the only way to the server. Nothing here but `seal` asks which side it runs on:
//! what needs a browser happens in effects and event handlers, which the server never runs.

mod clock;
mod components;
mod document_page;
mod documents_page;
mod format;
mod job_list;
mod job_manager;
mod job_page;
mod live;
mod loaded;
mod preview_page;
mod search_page;
mod upload;

use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::hooks::use_location;
use leptos_router::{SsrMode, path};

pub use self::job_manager::JobManager;
pub use self::preview_page::preview_page;

use self::components::{Seal, SearchForm, part, word};
use self::document_page::DocumentPage;
use self::documents_page::DocumentsPage;
use self::job_page::JobPage;
use self::search_page::SearchPage;
use self::upload::UploadArea;

/// The document around the page: written by the server only.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    // The server puts a hash of their content into the folder's name, so its files never change.
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="description" content="Send documents in, watch the jobs, ask questions."/>
                <link rel="stylesheet" href=style/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    // Handlers are attached by now: tests wait for this mark, and the style sheet hides what only
    // a page without JavaScript needs.
    Effect::new(|_| {
        // All of this turn's work is done by then, also what was left for later.
        request_animation_frame(|| {
            if let Some(root) = document().document_element() {
                let _ = root.set_attribute("data-hydrated", "");
            }
        });
    });
    // `Async` everywhere: the first HTML holds everything, in order, so that it reads without
    // JavaScript and its status is right.
    //
    // The title is written into the HTML as it stands, and names come from outside: none may end it.
    view! {
        <Title formatter=|page: String| format!("{page} · Sluice").replace('<', "‹")/>
        <Router>
            <a class="skip" href="#main" rel="external">"Skip to content"</a>
            <Header/>
            <main id="main" tabindex="-1">
                <FlatRoutes fallback=NotFound>
                    <Route path=path!("/") view=Dashboard ssr=SsrMode::Async/>
                    <Route path=path!("/app/jobs/:id") view=JobPage ssr=SsrMode::Async/>
                    <Route path=path!("/app/documents") view=DocumentsPage ssr=SsrMode::Async/>
                    <Route path=path!("/app/documents/:id") view=DocumentPage ssr=SsrMode::Async/>
                    <Route path=path!("/app/search") view=SearchPage ssr=SsrMode::Async/>
                </FlatRoutes>
            </main>
        </Router>
    }
}

#[component]
fn Header() -> impl IntoView {
    let path = use_location().pathname;
    // What the browser's half does not know of is left to the server.
    let rel = |href: &str| if href == "/app/preview" { "external" } else { "" };
    let link = move |href: &'static str, label: &'static str| {
        let current = move || {
            let here = path.read();
            let inside = match href {
                "/" => *here == "/" || here.starts_with("/app/jobs/"),
                _ => here.starts_with(href),
            };
            if inside { "page" } else { "false" }
        };
        view! { <li><a href=href rel=rel(href) aria-current=word(current)>{label}</a></li> }.seal()
    };
    // The search page has this form itself, with the question in it.
    let search = Memo::new(move |_| *path.read() != "/app/search");
    view! {
        <header class="top">
            <div class="top-inner">
                <a class="brand" href="/">
                    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
                        <path d="M4 5h16M7 5v6M12 5v9M17 5v6M4 18c2 0 2-1.5 4-1.5s2 1.5 4 1.5 2-1.5 4-1.5 2 1.5 4 1.5"></path>
                    </svg>
                    "Sluice"
                </a>
                <nav aria-label="Main">
                    <ul>{link("/", "Jobs")} {link("/app/documents", "Documents")} {link("/app/search", "Search")} {link("/app/preview", "Preview")}</ul>
                </nav>
                {part(move || search.get().then(|| view! { <SearchForm/> }.seal()))}
            </div>
        </header>
    }
    .seal()
}

/// The page at `/`.
#[component]
fn Dashboard() -> impl IntoView {
    view! {
        <Title text="Jobs"/>
        <h1 class="visually-hidden">"Jobs"</h1>
        <UploadArea/>
        <JobManager/>
    }
    .seal()
}

#[component]
fn NotFound() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <div class="empty">
            <h1>"There is no such page"</h1>
            <p>"The address may be mistyped. " <a href="/">"Go to the jobs"</a> "."</p>
        </div>
    }
    .seal()
}
