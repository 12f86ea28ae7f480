//! Which problems a call can answer with: each code with its status, and what calls it comes of.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::Example;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{Ref, RefOr, Response, ResponseBuilder, Type, schema::ObjectBuilder};

use super::about::BEARER;
use crate::domain::{JobId, Problem};

/// The extension in which a handler's attribute names the codes that are its own, or groups of them.
const NAMED: &str = "x-problems";

/// Every code with its status, and what it says.
const PROBLEMS: &[(u16, &str, &str)] = &[
    (400, "ambiguous_source", "Send only one of text_content, file and file_path in a request."),
    (
        400,
        "empty_batch",
        "The batch has no messages. Send at least one, as {\"messages\": [{\"text\": \"…\"}]}.",
    ),
    (400, "empty_file", "notes.txt is empty. Send a file with text in it."),
    (400, "empty_question", "The question is empty. Ask something."),
    (400, "empty_text", "text_content is empty. Send some text."),
    (400, "incomplete_body", "The body could not be read to its end, so nothing was accepted: …."),
    (400, "invalid_callback", "callback_url is not a URL. Send an http or https URL."),
    (400, "invalid_file_name", "The field file has no file name. With curl, send it as -F file=@notes.txt."),
    (400, "invalid_form", "The form cannot be read: …."),
    (400, "invalid_host", "The Host header is not a host."),
    (
        400,
        "invalid_idempotency_key",
        "The Idempotency-Key must have 1 to 255 characters, all of ASCII; a UUID will do.",
    ),
    (400, "invalid_id", "\"7\" is not an id; one looks like 0190b5a4-7c1e-7000-8000-3f2a91d0c6e4."),
    (400, "invalid_json", "The body is not the JSON this call takes: expected value at line 1 column 1."),
    (400, "invalid_max_chunks", "max_chunks is 0; it must be from 1 to 100."),
    (
        400,
        "invalid_metadata",
        "metadata is an array; it must be a JSON object such as {\"source\": \"api\"}.",
    ),
    (400, "invalid_parameter", "limit is \"0\"; it must be a whole number from 1 to 1000."),
    (400, "invalid_utf8", "The form is not UTF-8 text: byte 13 is not valid. Send it as UTF-8."),
    (400, "not_text", "text_content has a NUL character at byte 4, so it is not text. Send text without it."),
    (
        400,
        "nothing_selected",
        "Nothing says which jobs are meant. Name them with ids, or choose them with a filter.",
    ),
    (
        400,
        "nothing_to_ingest",
        "There is nothing to ingest. Send text_content, one or more file fields, or file_path.",
    ),
    (400, "question_too_long", "The question has 2001 characters; it can have at most 2000."),
    (400, "webhooks_off", "This server sends no webhooks, so it takes no callback_url."),
    (401, "key_expired", "The API key \"ci\" has expired."),
    (401, "key_needed", "This server asks for an API key. Send it as Authorization: Bearer sluice_…."),
    (401, "key_revoked", "The API key \"ci\" was revoked."),
    (401, "key_unknown", "This server has no such API key."),
    (403, "callback_not_allowed", "callback_url leads to 127.0.0.1, which is not a public address."),
    (403, "cross_origin", "A page of another site (https://elsewhere.example) sent this."),
    (403, "path_forbidden", "/etc/passwd is not inside a folder this server may read."),
    (403, "path_unreadable", "The server cannot read /srv/documents/a.txt: permission denied."),
    (403, "scope_too_small", "The API key \"ci\" may do read; this needs manage."),
    (404, "document_not_found", "There is no document 0190b5a4-7c1e-7000-8000-3f2a91d0c6e4."),
    (404, "job_not_found", "There is no job 0190b5a4-7c1e-7000-8000-3f2a91d0c6e4."),
    (404, "not_found", "There is nothing at /jobs/. The README lists all addresses."),
    (404, "path_not_found", "There is no /srv/documents/a.txt on the server's machine."),
    (404, "source_not_kept", "The original is not kept: texts are kept until their job has completed."),
    (404, "webhook_not_found", "There is no webhook 0190b5a4-7c1e-7000-8000-3f2a91d0c6e4."),
    (408, "request_timeout", "The body stopped coming for 30 s. Nothing was accepted."),
    (
        409,
        "duplicate_document",
        "Document 0190b5a4-7c1e-7000-8000-3f2a91d0c6e4 has the same content already.",
    ),
    (409, "idempotency_key_taken", "Another request came with this Idempotency-Key."),
    (409, "job_already_final", "The job has ended already; only a pending or running job can be cancelled."),
    (409, "job_cleaned_up", "This request came before, as a job whose row was cleaned up."),
    (409, "job_has_items", "The job has several items; ask for the originals of its documents."),
    (409, "job_not_retryable", "The job is pending; only a failed or cancelled job can be retried."),
    (409, "source_gone", "What the job read was not kept when it completed. Send what failed again."),
    (413, "too_large", "The body is larger than 64 MiB. Send smaller parts."),
    (413, "too_many_items", "The batch has 100001 messages; it can have at most 100000. Send several."),
    (413, "too_many_parts", "The form has more than 1000 fields and files. Send several requests."),
    (415, "unsupported_encoding", "The body is encoded as gzip. Send it as it is, without Content-Encoding."),
    (415, "unsupported_format", "picture.png is of a kind Sluice does not read."),
    (
        415,
        "unsupported_media_type",
        "The body must be JSON; send it with the header Content-Type: application/json.",
    ),
    (421, "host_not_allowed", "This server is not elsewhere.example."),
    (422, "crashed", "The server ended abruptly while it worked on the job."),
    (422, "damaged", "report.pdf could not be read: it is damaged."),
    (
        422,
        "duplicate_document",
        "Document 0190b5a4-7c1e-7000-8000-3f2a91d0c6e4 has the same content already.",
    ),
    (422, "empty_folder", "There are no files in the folder."),
    (422, "encrypted", "report.pdf could not be read: it needs a password."),
    (422, "extractor_crashed", "report.pdf could not be read: its reader crashed."),
    (422, "extractor_timeout", "report.pdf could not be read: it took too long."),
    (422, "internal", "The server could not do this. Its log says why."),
    (422, "items_failed", "None of the items could be ingested."),
    (422, "job_cancelled", "The job was cancelled before its end."),
    (422, "no_text", "There is no text in blank.txt, only white space."),
    (422, "path_forbidden", "The folder is no longer one that this server may read."),
    (422, "path_not_found", "There is no longer such a file on the server's machine."),
    (422, "source_lost", "What the job was to read is lost."),
    (422, "stalled", "Reading stood still."),
    (422, "store_failed", "The database refused the document."),
    (422, "too_expensive", "bomb.zip could not be read: it is too large when unpacked."),
    (422, "too_large", "The file has more chunks than a document can have. Split it into smaller files."),
    (422, "too_many_items", "There are too many files in the folder. Send it in parts."),
    (422, "unreadable", "The file could not be read to its end. Send it again once that is mended."),
    (422, "unsupported_format", "notes.txt is not a text file."),
    (429, "queue_full", "100000 jobs wait already, as many as this server lets wait. Try again later."),
    (429, "too_many_bodies", "Other requests hold all the memory that this server has for texts and JSON."),
    (429, "too_many_event_streams", "200 event streams are open, as many as this server serves."),
    (429, "too_many_previews", "This server makes as many previews as it can at a time. Try again soon."),
    (429, "too_many_uploads", "This server reads 64 uploads now, as many as it does at a time."),
    (500, "internal", "The server could not do this. Its log says why."),
    (503, "stopping", "The server is stopping. The job goes on after its next start."),
    (
        503,
        "storage_unavailable",
        "The server's database cannot be used now. Nothing was accepted; try again soon.",
    ),
    (503, "store_damaged", "The server's database is damaged, so nothing more is taken in."),
    (
        503,
        "too_many_connections",
        "This server has 1000 open connections, as many as it takes. Try again soon.",
    ),
    (507, "disk_full", "The server's disk is full. Nothing was accepted; try again once there is room."),
    (507, "low_disk", "The disk has less room than the server keeps free, so nothing is taken in."),
];

/// Codes that come together, and what attributes call them.
const GROUPS: &[(&str, &[&str])] = &[
    ("text", &["empty_text", "not_text"]),
    ("path", &["path_forbidden", "path_not_found", "path_unreadable", "unsupported_format"]),
    ("any", &["connection", "internal", "unsupported_encoding", "invalid_host", "host_not_allowed"]),
    ("key", &["key_needed", "key_unknown", "key_expired", "key_revoked", "scope_too_small"]),
    (
        "sent_before",
        &["invalid_idempotency_key", "idempotency_key_taken", "job_cleaned_up", "duplicate_document"],
    ),
    ("callback", &["webhooks_off", "invalid_callback", "callback_not_allowed"]),
    ("connection", &["too_many_connections"]),
    ("store", &["storage_unavailable", "store_damaged"]),
    (
        "body",
        &["request_timeout", "incomplete_body", "too_large", "too_many_bodies", "unsupported_media_type"],
    ),
    ("taking_in", &["queue_full", "low_disk", "disk_full", "invalid_metadata", "invalid_parameter"]),
];

/// The group of everything a job that was waited for can fail with.
const WAITING: &str = "waiting";

/// Adds to a call the answers in which it fails.
pub fn add(path: &str, operation: &mut Operation) {
    let mut by_status: BTreeMap<u16, Vec<(&str, &str)>> = BTreeMap::new();
    let names = named(operation).into_iter().chain(implied(path, operation)).collect::<Vec<_>>();
    let (codes, waits) = expand(&names);
    for (status, code, says) in PROBLEMS {
        let of_the_job = *status == 422;
        if (of_the_job && waits) || (!of_the_job && codes.iter().any(|it| it == code)) {
            by_status.entry(*status).or_default().push((code, says));
        }
    }
    for (status, codes) in by_status {
        operation.responses.responses.insert(status.to_string(), RefOr::T(answer(status, &codes)));
    }
}

/// What the attribute names; it is taken out, because the answers say the same.
fn named(operation: &mut Operation) -> Vec<String> {
    let Some(extensions) = &mut operation.extensions else { return Vec::new() };
    let names = extensions.remove(NAMED).and_then(|names| serde_json::from_value(names).ok());
    if extensions.is_empty() {
        operation.extensions = None;
    }
    names.unwrap_or_default()
}

/// What follows from the shape of the call.
fn implied(path: &str, operation: &Operation) -> Vec<String> {
    let mut names = vec!["any"];
    let parameters = operation.parameters.iter().flatten();
    let is_in = |place: &ParameterIn| {
        parameters.clone().any(|it| matches!(it, RefOr::T(it) if it.parameter_in == *place))
    };
    if path.contains('{') {
        names.extend(["invalid_id", "not_found"]);
    }
    if is_in(&ParameterIn::Query) || is_in(&ParameterIn::Header) {
        names.push("invalid_parameter");
    }
    if let Some(RefOr::T(body)) = &operation.request_body {
        names.push("body");
        let takes = |media_type| body.content.contains_key(media_type);
        if takes("application/json") {
            names.push("invalid_json");
        }
        if takes("application/x-www-form-urlencoded") {
            names.push("invalid_form");
        }
        if takes("multipart/form-data") {
            names.extend(["too_many_parts", "too_many_uploads", "invalid_file_name", "empty_file"]);
            names.extend(["invalid_utf8", "unsupported_format", "disk_full"]);
        }
    }
    if is_in(&ParameterIn::Header) && path.starts_with("/ingest") {
        names.extend(["sent_before", "callback"]);
    }
    if scope(operation).is_some() {
        names.push("key");
    }
    match scope(operation).as_deref() {
        None => {}
        Some("read") => names.push("store"),
        Some("ingest") => names.extend(["store", "taking_in"]),
        Some(_) => names.extend(["store", "disk_full"]),
    }
    names.into_iter().map(str::to_owned).collect()
}

/// The right that a key needs for this call.
fn scope(operation: &Operation) -> Option<String> {
    let security = serde_json::to_value(&operation.security).ok()?;
    let mut scopes = security.as_array()?.iter().filter_map(|it| it[BEARER][0].as_str());
    scopes.next().map(str::to_owned)
}

/// The codes behind names of codes and groups, and whether the call waits for a job.
fn expand(names: &[String]) -> (Vec<String>, bool) {
    let (mut codes, mut waits) = (Vec::new(), false);
    for name in names {
        let group = GROUPS.iter().find(|(it, _)| it == name);
        match group {
            Some((_, members)) => {
                let members: Vec<_> = members.iter().map(|it| (*it).to_owned()).collect();
                codes.extend(expand(&members).0);
            }
            None if name == WAITING => {
                waits = true;
                codes.push("stopping".to_owned());
            }
            None => codes.push(name.clone()),
        }
    }
    (codes, waits)
}

fn answer(status: u16, codes: &[(&str, &str)]) -> Response {
    let names: Vec<_> = codes.iter().map(|(code, _)| format!("`{code}`")).collect();
    let examples = codes.iter().map(|(code, _)| {
        let place = format!("#/components/examples/{}", name_of_example(status, code));
        ((*code).to_owned(), RefOr::Ref(Ref::new(place)))
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter::<_, String, RefOr<Example>>(examples)
        .build();
    let mut response =
        ResponseBuilder::new().description(names.join(", ")).content("application/problem+json", content);
    if matches!(status, 429 | 503 | 507) {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
        let about = "Seconds to wait; not there when the Problem names a job.";
        let retry_after = HeaderBuilder::new().schema(Some(seconds)).description(Some(about)).build();
        response = response.header("Retry-After", retry_after);
    }
    response.build()
}

/// An example of each code with each status, by its name in the document.
pub fn examples() -> Value {
    let example = |(status, code, says): &(u16, &str, &str)| {
        let mut problem = Problem::new(*status, code, *says);
        if *status == 422 || OF_A_JOB.contains(code) {
            problem = problem.about(JobId(EXAMPLE_ID));
        }
        (name_of_example(*status, code), json!({ "summary": says, "value": problem }))
    };
    PROBLEMS.iter().map(example).collect::<Map<_, _>>().into()
}

fn name_of_example(status: u16, code: &str) -> String {
    format!("{status}_{code}")
}

/// Codes of Problems that name the job they are about, besides those of a job that was waited for.
const OF_A_JOB: [&str; 5] =
    ["job_cleaned_up", "stopping", "job_already_final", "job_not_retryable", "source_gone"];

const EXAMPLE_ID: uuid::Uuid = uuid::Uuid::from_u128(0x0190_b5a4_7c1e_7000_8000_3f2a_91d0_c6e4);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_group_is_a_code_or_a_group() {
        for (group, members) in GROUPS {
            for member in *members {
                let is_code = PROBLEMS.iter().any(|(_, code, _)| code == member);
                assert!(is_code || GROUPS.iter().any(|(name, _)| name == member), "{member} of {group}");
            }
        }
    }
}
