//! What a request to ingest says beside its body.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde::Deserialize;

use super::extract::Query;
use super::guard::check_also;
use super::problem::bad_request;
use crate::domain::access::{Scope, Visitor};
use crate::domain::{OnDuplicate, Problem};
use crate::server::jobs::Options;

/// How a request is known again, and what its query asks for; the body may say that, too, and then counts.
#[derive(Debug)]
pub struct Asked {
    idempotency_key: Option<String>,
    on_duplicate: Option<OnDuplicate>,
    visitor: Visitor,
}

impl Asked {
    /// What the body says, with what is said beside it. To replace documents is to delete some.
    pub fn with(self, said: Options) -> Result<Options, Problem> {
        let on_duplicate = said.on_duplicate.or(self.on_duplicate);
        if on_duplicate == Some(OnDuplicate::Replace) {
            check_also(&self.visitor, Scope::Manage)?;
        }
        Ok(Options { idempotency_key: self.idempotency_key, on_duplicate, ..said })
    }
}

#[derive(Debug, Deserialize)]
struct Parameters {
    on_duplicate: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(Parameters { on_duplicate }) = Query::from_request_parts(parts, state).await?;
        // Every request that was let in has one.
        let visitor = parts.extensions.get().cloned().ok_or_else(Problem::internal)?;
        Ok(Self {
            visitor,
            idempotency_key: idempotency_key(&parts.headers)?,
            on_duplicate: OnDuplicate::from_parameter(on_duplicate.as_deref())?,
        })
    }
}

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const LONGEST_KEY: usize = 255;

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let is_good =
        |it: &&str| (1..=LONGEST_KEY).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_graphic());
    let key = key.to_str().ok().filter(is_good).ok_or_else(|| {
        bad_request(
            "invalid_idempotency_key",
            format!(
                "The Idempotency-Key must have 1 to {LONGEST_KEY} characters, all of ASCII and no spaces; a UUID will do."
            ),
        )
    })?;
    Ok(Some(key.to_owned()))
}
