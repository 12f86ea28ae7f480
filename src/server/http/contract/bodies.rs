//! Request bodies that no type of ours stands for, as the document shows them: forms, which are read field by field,
//! and their JSON twins. A test in `tests/contract.rs` and the contract tests hold them to what is enforced.

use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

use super::parameters::{moment, uuid};
use crate::domain::{Chunking, JobStatus, JobType, OnDuplicate, QueueState};
use crate::server::webhooks::callback::LONGEST;

/// White space, as a class of a pattern has it.
const BLANK: &str =
    "\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/// The pattern of a text with something in it, and no NUL: what `check_text` takes.
fn text_pattern() -> String {
    format!("^[^\\u0000]*[^\\u0000{BLANK}][^\\u0000]*$")
}

/// A text with something in it.
pub fn text() -> ObjectBuilder {
    let about = "A text. It has something in it besides white space, and no NUL.";
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .pattern(Some(text_pattern()))
        .description(Some(about))
}

/// The schemas of all these bodies, by their names.
pub fn schemas() -> Map<String, Value> {
    let (text, file, path) = (SourceField::Text, SourceField::File, SourceField::Path);
    let ingest = "Something to ingest: exactly one of its sources.";
    let schemas = json!({
        "IngestForm": form(ingest, &[text, file, path], Encoding::Multipart, true),
        "IngestFields": form(ingest, &[text, path], Encoding::Urlencoded, true),
        "IngestRequest": form(ingest, &[text, path], Encoding::Json, true),
        "FileForm": form("Files or a path.", &[file, path], Encoding::Multipart, false),
        "FileFields": form("A path.", &[path], Encoding::Urlencoded, false),
        "FileRequest": form("A path.", &[path], Encoding::Json, false),
        "RetryForm": with_plain_names(json!({ "type": "object", "properties": { "password": password() } })),
        "RetryRequest": { "type": "object", "properties": { "password": nullable(password()) } },
        "JobsForm": jobs_form(),
        "QueueForm": queue_form(),
    });
    match schemas {
        Value::Object(schemas) => schemas,
        _ => Map::new(),
    }
}

const PATH: &str = "A file or folder of the server's machine, inside the folders the operator allows.";

/// Where something to ingest comes from.
#[derive(Clone, Copy, PartialEq)]
enum SourceField {
    Text,
    File,
    Path,
}

/// How a body is written.
#[derive(Clone, Copy, PartialEq)]
enum Encoding {
    Multipart,
    Urlencoded,
    Json,
}

fn form(about: &str, sources: &[SourceField], encoding: Encoding, may_wait: bool) -> Value {
    let mut properties = options(encoding);
    if may_wait {
        let about = "Answer only when the job has ended, where the call does not say otherwise.";
        properties["sync"] = match encoding {
            Encoding::Json => json!({ "type": "boolean", "default": false }),
            _ => switch(),
        };
        properties["sync"]["description"] = json!(about);
    }
    for source in sources {
        properties[source.name()] = source.described(encoding);
    }
    let mut schema = json!({ "type": "object", "description": about, "properties": properties });
    match sources {
        [one] => {
            schema["required"] = json!([one.name()]);
            schema["properties"][one.name()] =
                json!({ "type": "string", "minLength": 1, "description": PATH });
        }
        _ => {
            let one_of: Vec<_> = sources.iter().map(|it| it.alone(sources, encoding)).collect();
            // Behind `allOf`, because generators of clients take a bare `oneOf` for types without a name.
            schema["allOf"] = json!([{ "oneOf": one_of }]);
        }
    }
    if encoding == Encoding::Multipart { with_plain_names(schema) } else { schema }
}

impl SourceField {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text_content",
            Self::File => "file",
            Self::Path => "file_path",
        }
    }

    /// What it is, whether or not it is the one that counts.
    fn described(self, encoding: Encoding) -> Value {
        let is_json = encoding == Encoding::Json;
        let schema = match self {
            Self::Text => json!({
                "type": "string",
                "description": "A text. It has something in it besides white space, and no NUL.",
            }),
            Self::File => json!({
                "type": "array", "minItems": 1, "items": { "type": "string", "format": "binary" },
                "description": "A file with its name. The field can come many times: several files become a batch.",
            }),
            Self::Path => json!({
                "type": "string", "description": PATH }),
        };
        if is_json { nullable(schema) } else { schema }
    }

    /// The choice of this one, and of none of the others.
    fn alone(self, sources: &[Self], encoding: Encoding) -> Value {
        let others = sources.iter().filter(|it| **it != self);
        let mut choice: Map<String, Value> =
            others.map(|it| (it.name().to_owned(), it.absent(self, encoding))).collect();
        let present = match self {
            Self::Text => json!({ "type": "string", "minLength": 1, "pattern": text_pattern() }),
            Self::File => json!({ "type": "array" }),
            Self::Path => json!({ "type": "string", "minLength": 1 }),
        };
        choice.insert(self.name().to_owned(), present);
        json!({ "required": [self.name()], "properties": choice })
    }

    /// What counts as nothing: a form in a page sends its empty fields along.
    fn absent(self, chosen: Self, encoding: Encoding) -> Value {
        match (self, chosen, encoding) {
            (Self::Path, _, Encoding::Json) => json!({ "enum": [null, ""] }),
            (_, _, Encoding::Json) => json!({ "type": "null" }),
            (Self::Path, ..) => json!({ "type": "string", "maxLength": 0 }),
            (Self::Text, Self::File, _) => json!({ "type": "string", "pattern": format!("^[{BLANK}]*$") }),
            _ => json!({ "not": {} }),
        }
    }
}

/// Heads of the parts of a form hold no control characters.
fn with_plain_names(mut schema: Value) -> Value {
    schema["propertyNames"] =
        json!({ "pattern": "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f]*$" });
    schema
}

/// What may be said of whatever is sent.
fn options(encoding: Encoding) -> Value {
    let size = json!({
        "type": "integer", "minimum": Chunking::LEAST_SIZE, "maximum": Chunking::MOST_SIZE,
        "description": "The longest chunk, in characters, in place of the server's setting.",
    });
    let overlap = json!({
        "type": "integer", "minimum": 0, "maximum": Chunking::MOST_SIZE / 2,
        "description": "How much of a chunk the next one repeats at most; at most half of a chunk.",
    });
    let metadata = json!({ "$ref": "#/components/schemas/Metadata" });
    let on_duplicate = json!({ "$ref": "#/components/schemas/OnDuplicate" });
    match encoding {
        Encoding::Json => json!({
            "metadata": { "oneOf": [{ "type": "null" }, metadata] }, "callback_url": callback_url_or_null().build(),
            "chunk_size": nullable(size), "chunk_overlap": nullable(overlap), "password": nullable(password()),
            "on_duplicate": { "oneOf": [{ "type": "null" }, on_duplicate] },
        }),
        Encoding::Multipart => json!({
            "metadata": metadata, "chunk_size": size, "chunk_overlap": overlap, "password": password(),
            "callback_url": callback_url().build(),
            "on_duplicate": on_duplicate_in_form(),
        }),
        Encoding::Urlencoded => {
            let about = "A JSON object that goes with the job, its documents and every answer.";
            let metadata = json!({
                "type": "string", "format": "json-object", "contentMediaType": "application/json", "description": about,
            });
            json!({
                "metadata": metadata, "chunk_size": size, "chunk_overlap": overlap, "password": password(),
                "callback_url": callback_url().build(),
                "on_duplicate": on_duplicate_in_form(),
            })
        }
    }
}

/// What `domain::parameters::switch` takes from a form: in any case, with white space around it, or nothing.
fn switch() -> Value {
    let words = ["true", "1", "yes", "on", "false", "0", "no", "off"];
    let in_any_case = |word: &str| -> String {
        let letter = |it: char| format!("[{it}{}]", it.to_ascii_uppercase());
        word.chars().map(|it| if it.is_alphabetic() { letter(it) } else { it.to_string() }).collect()
    };
    let words = words.map(in_any_case).join("|");
    let text = json!({ "type": "string", "pattern": format!("^[{BLANK}]*(?:{words})?[{BLANK}]*$") });
    json!({ "anyOf": [{ "type": "boolean" }, text] })
}

/// An http or https URL that is told of the job's end.
fn callback_url() -> ObjectBuilder {
    let about =
        "Is told of the job's end by a signed call (a webhook). An http or https URL with a public host.";
    ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(LONGEST))
        .pattern(Some(r"^$|^[Hh][Tt][Tt][Pp][Ss]?://[^\s\\]+$"))
        .description(Some(about))
}

/// The same in JSON.
pub fn callback_url_or_null() -> ObjectBuilder {
    callback_url().schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}

/// A form in a page sends its empty fields along.
fn on_duplicate_in_form() -> Value {
    let names = [&OnDuplicate::ALL.map(OnDuplicate::as_str)[..], &[""]].concat();
    json!({
        "type": "string", "enum": names,
        "description": "What to do with content that a document has already; nothing is as `allow`.",
    })
}

fn password() -> Value {
    json!({
        "type": "string",
        "description": "Opens what is encrypted. It is neither stored nor logged.",
    })
}

fn nullable(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"].take(), "null"]);
    schema
}

/// The filter of `GET /jobs`, ids, and the page to go back to, as a form sends them.
fn jobs_form() -> Value {
    let names = |names: &[&str]| {
        let or_none = [names, &[""]].concat();
        json!({ "type": "string", "enum": or_none })
    };
    let job_types: Vec<_> = JobType::ALL.iter().map(|it| it.as_str()).collect();
    let text = json!({ "type": "string" });
    let moment = json!({ "anyOf": [moment().build(), { "type": "string", "maxLength": 0 }] });
    let id = json!({ "anyOf": [uuid().build(), { "type": "string", "maxLength": 0 }] });
    json!({
        "type": "object",
        "description": "Which jobs: the filter of `GET /jobs`, ids, or both. What is empty is as if it were not there.",
        "additionalProperties": false,
        "properties": {
            "status": names(&JobStatus::ALL.map(JobStatus::as_str)), "job_type": names(&job_types),
            "attention": switch(), "warnings": switch(), "error_code": text, "q": text,
            "since": moment, "until": moment,
            "id": { "type": "array", "items": id },
            "back": { "type": "string", "description": "The page that a browser without scripts goes back to." },
        },
    })
}

fn queue_form() -> Value {
    json!({
        "type": "object",
        "description": "What is to be different; what is not said stays.",
        "additionalProperties": false,
        "properties": {
            "paused": switch(),
            "max_concurrent_jobs": { "type": "integer", "minimum": 1, "maximum": QueueState::MOST_SLOTS },
            "back": { "type": "string", "description": "The page that a browser without scripts goes back to." },
        },
    })
}
