//! What whoever asks for a page may do: the server does not write controls that it would refuse.

use leptos::prelude::*;

use crate::domain::access::{Scope, Visitor};

/// Whether the page that is written may offer what needs this scope. On a server without keys it may offer all.
pub fn may(scope: Scope) -> bool {
    let request = use_context::<http::request::Parts>();
    let visitor = request.as_ref().and_then(|it| it.extensions.get::<Visitor>());
    visitor.is_none_or(|it| it.scopes.allow(scope))
}
