//! The last touches to the document, which the types it is made from have no words for.

use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use super::{bodies, problems};

/// Parameters that must have a value when they are there. All others may be empty, as a form in a page sends them.
const NEVER_EMPTY: [&str; 2] = ["limit", "offset"];

/// The document as it is sent.
pub fn finished(api: &OpenApi) -> Value {
    let mut document = serde_json::to_value(api).unwrap_or_default();
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.append(&mut bodies::schemas());
    }
    document["components"]["examples"] = problems::examples();
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|it| it.values_mut());
    let operations = paths.filter_map(Value::as_object_mut).flat_map(|it| it.values_mut());
    let parameters = operations.filter_map(|it| it.get_mut("parameters")?.as_array_mut()).flatten();
    for parameter in parameters.filter(|it| it["in"] == "query") {
        if parameter["name"].as_str().is_some_and(|it| !NEVER_EMPTY.contains(&it)) {
            parameter["allowEmptyValue"] = json!(true);
        }
    }
    document
}
