//! What the browser shows.
//!
//! Pages are written by the server, whole and in order: they read without JavaScript, and cost the browser no
//! code. What lives in the browser are islands in them: the list of jobs, the watch on a job, the uploads, and the
//! desk, which is on every page. Only islands, and the components in them, become part of the browser's bundle.
//!
//! Pages own the data, `components` show it, `live` keeps an island current, and `server_fns` is the only way to
//! the server. Nothing here but `seal` asks which side it runs on: what needs a browser happens in effects and
//! event handlers, which the server never runs.

mod address;
mod clock;
mod components;
mod desk;
mod document_page;
mod documents_page;
mod format;
mod frame;
mod job_manager;
mod job_page;
mod job_watch;
mod jobs_page;
mod live;
mod live_jobs;
mod loaded;
mod login_page;
mod parts;
mod permission;
mod preview_page;
mod search_page;
mod upload;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{SsrMode, path};

pub use self::frame::shell;
pub use self::job_manager::JobManager;
pub use self::preview_page::Previewed;

use self::components::Seal;
use self::document_page::DocumentPage;
use self::documents_page::DocumentsPage;
use self::frame::Frame;
use self::job_page::JobPage;
use self::jobs_page::JobsPage;
use self::login_page::LoginPage;
use self::preview_page::PreviewPage;
use self::search_page::SearchPage;

/// The pages and their addresses.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    // `Async` everywhere: the first HTML holds everything, in order, so that it reads without
    // JavaScript and its status is right.
    //
    // The title is written into the HTML as it stands, and names come from outside: none may end it.
    view! {
        <Title formatter=|page: String| format!("{page} · Sluice").replace('<', "‹")/>
        <Router>
            <Frame>
                <FlatRoutes fallback=NotFound>
                    <Route path=path!("/") view=JobsPage ssr=SsrMode::Async/>
                    <Route path=path!("/app/jobs/:id") view=JobPage ssr=SsrMode::Async/>
                    <Route path=path!("/app/documents") view=DocumentsPage ssr=SsrMode::Async/>
                    <Route path=path!("/app/documents/:id") view=DocumentPage ssr=SsrMode::Async/>
                    <Route path=path!("/app/login") view=LoginPage ssr=SsrMode::Async/>
                    <Route path=path!("/app/preview") view=PreviewPage ssr=SsrMode::Async/>
                    <Route path=path!("/app/search") view=SearchPage ssr=SsrMode::Async/>
                </FlatRoutes>
            </Frame>
        </Router>
    }
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
