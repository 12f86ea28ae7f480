//! What every request passes before anything is done for it: it gets an id, must name this server, must not come from
//! another site's page, and must show who sends it. And what every answer says to browsers.

mod headers;
mod needs;
mod request_id;
mod trusted;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;

use super::login::session_of;
use crate::domain::Problem;
use crate::domain::access::{Actor, Scope, Scopes, Visitor};
use crate::server::access::Access;
use crate::server::clock;
use crate::server::state::AppState;

pub use headers::{protect, write_page_policy};
pub use request_id::{RequestId, current as current_request_id, identify};
pub use trusted::TrustedPlaces;

/// Lets a request in, or says what it lacks. What is let in carries its [`Visitor`].
pub async fn admit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    match check(&state, &head).await {
        Ok(visitor) => {
            head.extensions.insert(visitor);
            next.run(Request::from_parts(head, body)).await
        }
        Err(problem) if problem.status == 401 && wants_page(&head) => {
            let page = head.uri.path_and_query().map_or("/", |it| it.as_str());
            Redirect::to(&login_page(page)).into_response()
        }
        Err(problem) => {
            // So that it can be seen that someone tries keys, or comes by another name.
            tracing::info!(code = problem.code, "a request was refused");
            let is_unknown = problem.status == 401;
            let mut response = problem.into_response();
            if is_unknown {
                let bearer = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
            }
            response
        }
    }
}

/// The login page that leads on to `page`.
pub fn login_page(page: &str) -> String {
    format!("/app/login?next={}", utf8_percent_encode(page, NON_ALPHANUMERIC))
}

async fn check(state: &AppState, head: &Parts) -> Result<Visitor, Problem> {
    let Parts { uri, headers, method, .. } = head;
    if !needs::is_probe(uri.path()) {
        state.trusted.check_host(uri, headers)?;
    }
    state.trusted.check_origin(method, headers)?;
    let request_id = head.extensions.get::<RequestId>().cloned().unwrap_or_default();
    let visitor = visitor(state, headers, &request_id).await?;
    check_scope(method, uri, visitor, state.needs_keys, &request_id)
}

/// Who sends the request, as far as it says so.
async fn visitor(
    state: &AppState,
    headers: &HeaderMap,
    request_id: &RequestId,
) -> Result<Option<Visitor>, Problem> {
    let visitor = |name: &str, scopes, has_session| {
        let actor = Actor { name: name.into(), request_id: request_id.0.clone() };
        Visitor { actor, scopes, has_session }
    };
    let access: &Access = &state.access;
    if let Some(key) = bearer(headers) {
        let key = access.key(&key, clock::now()).await?;
        return Ok(Some(visitor(&key.name, key.scopes, false)));
    }
    if let Some(session) = session_of(headers) {
        let key = access.key_of_session(&session, clock::now()).await?;
        return Ok(key.map(|key| visitor(&key.name, key.scopes, true)));
    }
    Ok(None)
}

/// The key in `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().into())
}

fn check_scope(
    method: &Method,
    uri: &Uri,
    visitor: Option<Visitor>,
    needs_keys: bool,
    request_id: &RequestId,
) -> Result<Visitor, Problem> {
    let anonymous = |scopes| {
        let actor = Actor { name: Actor::ANONYMOUS.into(), request_id: request_id.0.clone() };
        Visitor { actor, scopes, has_session: false }
    };
    let needed = needs::needed(method, uri.path());
    let Some(scope) = needed else { return Ok(visitor.unwrap_or_else(|| anonymous(Scopes::default()))) };
    match visitor {
        Some(visitor) if visitor.scopes.allow(scope) => Ok(visitor),
        Some(visitor) => Err(too_small(&visitor, scope)),
        None if needs_keys => Err(Problem::new(
            401,
            "key_needed",
            "This server asks for an API key. Send it as Authorization: Bearer sluice_…, or log in at /app/login.",
        )),
        None => Ok(anonymous(Scopes::ALL)),
    }
}

/// Fails if who is let in may not do this as well.
pub fn check_also(visitor: &Visitor, scope: Scope) -> Result<(), Problem> {
    if visitor.scopes.allow(scope) { Ok(()) } else { Err(too_small(visitor, scope)) }
}

fn too_small(visitor: &Visitor, scope: Scope) -> Problem {
    let (name, needed, has) = (&visitor.actor.name, scope.as_str(), visitor.scopes);
    let detail = format!("The API key {name:?} may do {has}; this needs {needed}.");
    Problem::new(403, "scope_too_small", detail)
}

/// A browser that goes to a page, and not a script in one.
fn wants_page(head: &Parts) -> bool {
    let accept = head.headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    head.method == Method::GET && accept.is_some_and(|it| it.contains("text/html"))
}
