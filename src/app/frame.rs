//! What is around every page: the document, the header, and the islands that all pages share.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;
use leptos_router::hooks::use_location;

use super::App;
use super::components::{ProblemNotice, Seal, Sealed, SearchForm};
use super::desk::{Desk, KeysHelp};
use super::loaded::load;
use super::permission::may;
use super::upload::{DropPlaces, UploadCentre};
use crate::domain::Theme;
use crate::domain::access::{Scope, Visitor};
use crate::server_fns::{get_limits, take_refusal};

/// The theme of the request that is being answered.
fn chosen_theme() -> Theme {
    let Some(request) = use_context::<http::request::Parts>() else { return Theme::System };
    let cookies = request.headers.get(http::header::COOKIE).and_then(|it| it.to_str().ok());
    Theme::of_cookies(cookies.unwrap_or_default())
}

/// The document around the page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    // The server puts a hash of their content into the folder's name, so its files never change.
    let file = |ending: &str| format!("/{}/{}.{ending}", options.site_pkg_dir, options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=chosen_theme().as_str()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="description" content="Send documents in, watch the jobs, ask questions."/>
                <link rel="stylesheet" href=file("css")/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <AutoReload options=options.clone()/>
                <link rel="modulepreload" href=file("js")/>
                <link rel="preload" href=file("wasm") r#as="fetch" type="application/wasm" crossorigin="anonymous"/>
                <script type="module" nonce=use_nonce()>{bring_to_life(&file("js"), &file("wasm"))}</script>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The script that makes the islands live, as soon as there is a page to be made live. Leptos' own waits until the
/// browser is idle, and looks at each element of the page for islands. Ours have no children that the server wrote.
fn bring_to_life(js: &str, wasm: &str) -> String {
    format!(
        "import start, * as app from '{js}';\
         await start({{ module_or_path: '{wasm}' }});\
         app.hydrate();\
         for (const island of document.querySelectorAll('leptos-island')) app[island.dataset.component]?.(island);"
    )
}

/// The page's frame. The desk comes last: once it is live, everything before it is.
#[component]
pub fn Frame(children: Children) -> impl IntoView {
    let main = view! {
        <main id="main" tabindex="-1">
            {load(take_refusal(), |refusal| {
                refusal.ok().flatten().map(|problem| view! { <ProblemNotice problem/> }).seal()
            })}
            {children()}
        </main>
    }
    .seal();
    // Who is not in yet sees nothing of the server.
    if use_location().pathname.get_untracked() == LOGIN {
        return main;
    }
    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <Header/>
        {main}
        <KeysHelp/>
        {may(Scope::Ingest).then(uploads)}
        <Desk/>
    }
    .seal()
}

fn uploads() -> Sealed {
    view! {
        <DropPlaces/>
        {load(get_limits(), |limits| {
            // Without them the server still refuses what is too large.
            let (largest_file, longest_text) =
                limits.map_or((u64::MAX, u64::MAX), |it| (it.max_upload_size, it.max_text_size));
            view! { <UploadCentre largest_file longest_text/> }.seal()
        })}
    }
    .seal()
}

/// Where someone logs in.
const LOGIN: &str = "/app/login";

/// Main pages, by address and name.
const PAGES: [(&str, &str); 4] =
    [("/", "Jobs"), ("/app/documents", "Documents"), ("/app/search", "Search"), (PREVIEW, "Preview")];

const PREVIEW: &str = "/app/preview";

/// The product's mark and name.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
            <path d="M4 5h16M7 5v6M12 5v9M17 5v6M4 18c2 0 2-1.5 4-1.5s2 1.5 4 1.5 2-1.5 4-1.5 2 1.5 4 1.5"></path>
        </svg>
        "Sluice"
    }
}

#[component]
fn Header() -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    let link = |(href, label): (&'static str, &'static str)| {
        let inside = match href {
            "/" => path == "/" || path.starts_with("/app/jobs/"),
            _ => path.starts_with(href),
        };
        view! { <li><a href=href aria-current=if inside { "page" } else { "false" }>{label}</a></li> }.seal()
    };
    // A preview takes a file in, too, if only to look at it.
    let pages = PAGES.into_iter().filter(|(href, _)| *href != PREVIEW || may(Scope::Ingest));
    // The search page has this form itself, with the question in it.
    let search = (path != "/app/search").then(|| view! { <SearchForm/> });
    view! {
        <header class="top">
            <div class="top-inner">
                <a class="brand" href="/"><Brand/></a>
                <nav aria-label="Main"><ul>{pages.map(link).collect_view()}</ul></nav>
                // On a narrow screen it opens what is in the row on a wide one.
                <button
                    type="button"
                    class="button icon-button more-button"
                    popovertarget="more"
                    aria-label="More"
                    data-testid="more"
                >
                    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                        <path d="M2.5 4h11M2.5 8h11M2.5 12h11"></path>
                    </svg>
                </button>
                <div id="more" class="more" popover>
                    {search}
                    <ThemeForm/>
                    <LogOut/>
                </div>
                <button type="button" class="button icon-button needs-js" data-opens="keys" aria-label="Keyboard shortcuts">
                    "?"
                </button>
            </div>
        </header>
    }
    .seal()
}

/// Themes and what people call them.
const THEMES: [(Theme, &str); 3] =
    [(Theme::System, "System"), (Theme::Light, "Light"), (Theme::Dark, "Dark")];

/// The desk changes the theme at once; without JavaScript the button does it.
#[component]
fn ThemeForm() -> impl IntoView {
    let chosen = chosen_theme();
    let option = |(theme, label): (Theme, &'static str)| {
        view! { <option value=theme.as_str() selected=theme == chosen>{label}</option> }
    };
    view! {
        <form class="theme" action="/app/theme" method="post">
            <label class="visually-hidden" for="theme">"Colours"</label>
            <select id="theme" name="theme" autocomplete="off">{THEMES.map(option).collect_view()}</select>
            <button class="button small without-js">"Set"</button>
        </form>
    }
}

/// For who has logged in.
#[component]
fn LogOut() -> impl IntoView {
    let request = use_context::<http::request::Parts>();
    let visitor = request.as_ref().and_then(|it| it.extensions.get::<Visitor>());
    visitor.filter(|it| it.has_session).map(|visitor| {
        let title = format!("Logged in with the key {}", visitor.actor.name);
        view! {
            <form action="/app/logout" method="post">
                <button class="button small" title=title>"Log out"</button>
            </form>
        }
        .seal()
    })
}
