//! Logging in to the dashboard with an API key, and out again.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};

use super::body::read_whole;
use super::fields::{Fields, own_page};
use super::guard::{RequestId, login_page};
use crate::domain::Problem;
use crate::server::access::{self, AccessError};
use crate::server::clock;
use crate::server::state::AppState;

/// The cookie with a session's secret.
const COOKIE: &str = "sluice_session";

pub fn routes() -> Router<AppState> {
    Router::new().route("/app/logout", post(log_out))
}

/// The session that a request belongs to, if it names one.
pub fn session_of(headers: &HeaderMap) -> Option<SecretString> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = cookies.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, secret)| secret.into())
}

/// `POST /app/login`: begins a session, and goes on to the page that was wanted.
pub async fn log_in(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let (headers, request_id) = (request.headers().clone(), id_of(&request));
    let (body, _room) = read_whole(request, &state).await?;
    let mut fields = Fields::default();
    fields.add(&body)?;
    fields.check(&["key", "next"])?;
    let next = fields.get("next").unwrap_or_default();
    let next = own_page(&next);
    let key: SecretString = fields.get("key").unwrap_or_default().into();
    let session = match state.access.log_in(&key, &request_id.0, clock::now()).await {
        Ok(session) => session,
        Err(AccessError::Store(error)) => return Err(error.into()),
        Err(error) => {
            let page = format!("{}&why={}", login_page(next), Problem::from(error).code);
            return Ok(Redirect::to(&page).into_response());
        }
    };
    let cookie = cookie(&headers, session.expose_secret(), access::SESSION.num_seconds());
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
}

/// `POST /app/logout`: ends the session, here and in the browser.
async fn log_out(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    if let Some(session) = session_of(request.headers()) {
        state.access.log_out(&session, &id_of(&request).0, clock::now()).await?;
    }
    let cookie = cookie(request.headers(), "", 0);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/app/login")).into_response())
}

fn id_of(request: &Request) -> RequestId {
    request.extensions().get().cloned().unwrap_or_default()
}

/// Scripts cannot read it, and no other site's page makes a browser send it.
fn cookie(headers: &HeaderMap, secret: &str, seconds: i64) -> String {
    let origin = headers.get(header::ORIGIN).and_then(|it| it.to_str().ok());
    let secure = if origin.is_some_and(|it| it.starts_with("https://")) { "; Secure" } else { "" };
    format!("{COOKIE}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}
