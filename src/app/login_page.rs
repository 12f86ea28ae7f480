//! Where someone shows an API key to get in. A form without scripts: it must work before anything is let in.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::components::Seal;
use super::frame::Brand;

#[component]
pub fn LoginPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let wrong = query.get("why").map(|code| match code.as_str() {
        "key_expired" => "This API key has expired.",
        "key_revoked" => "This API key was revoked.",
        _ => "This is not an API key of this server. Check whether a part is missing.",
    });
    view! {
        <Title text="Log in"/>
        <form class="login" action="/app/login" method="post">
            <p class="brand"><Brand/></p>
            <h1>"Log in"</h1>
            <input type="hidden" name="next" value=query.get("next").unwrap_or_default()/>
            <label for="key">"API key"</label>
            <input
                id="key"
                type="password"
                name="key"
                required
                autofocus
                autocomplete="current-password"
                placeholder="sluice_…"
                aria-describedby="key-help"
                aria-invalid=wrong.map(|_| "true")
            />
            {wrong.map(|wrong| view! { <p class="wrong" role="alert">{wrong}</p> }.seal())}
            <p id="key-help" class="muted">
                "Whoever runs this server makes keys with "<code>"sluice keys create"</code> "."
            </p>
            <button class="button primary">"Log in"</button>
        </form>
    }
    .seal()
}
