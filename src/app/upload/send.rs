//! Sends one file or text, and tells how far it is and how it ended. `fetch` cannot tell the progress of what it
//! sends, so this is an XMLHttpRequest.

use serde::Deserialize;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{FormData, HtmlSelectElement, ProgressEvent, XmlHttpRequest};

use super::centre;
use super::queue::{Item, Source, State};
use super::refusal::Refusal;
use crate::domain::{JobId, Problem, json};

/// The request is under way when this returns. To abort it is to stop: the server keeps nothing of a request that
/// breaks off.
pub fn send(item: &Item) -> Result<XmlHttpRequest, JsValue> {
    let (number, attempt) = (item.number, item.attempt);
    let request = XmlHttpRequest::new()?;
    let address = match item.source {
        Source::File(_) => "/ingest/async",
        Source::Text(_) => "/ingest/text/async",
    };
    request.open("POST", address)?;
    request.set_request_header("Accept", "application/json")?;

    let progress = Closure::<dyn FnMut(ProgressEvent)>::new(move |event: ProgressEvent| {
        centre::progress(number, attempt, event.loaded(), event.total());
    });
    request.upload()?.set_onprogress(Some(progress.as_ref().unchecked_ref()));
    let ended = Closure::once_into_js({
        let request = request.clone();
        move || {
            // Owned by this closure, so that it lives as long as it can be called.
            drop(progress);
            let body = request.response_text().ok().flatten().unwrap_or_default();
            centre::end(number, attempt, outcome(request.status().unwrap_or(0), &body));
        }
    });
    request.set_onloadend(Some(ended.unchecked_ref()));

    match &item.source {
        Source::File(file) => {
            let form = FormData::new()?;
            // A bare name: the server takes no paths.
            form.append_with_blob_and_filename("file", file, &file.name())?;
            form.append_with_str("on_duplicate", &item.on_duplicate)?;
            request.send_with_opt_form_data(Some(&form))?;
        }
        Source::Text(text) => {
            request.set_request_header("Content-Type", "application/json")?;
            // Not a form: it would write each end of a line anew.
            let quoted = String::from(js_sys::JSON::stringify(&JsValue::from_str(text))?);
            let wish = match item.on_duplicate.as_str() {
                "" => String::new(),
                chosen => [",\"on_duplicate\":\"", chosen, "\""].concat(),
            };
            request.send_with_opt_str(Some(&["{\"text_content\":", &quoted, &wish, "}"].concat()))?;
        }
    }
    Ok(request)
}

/// What is chosen where files are added; other pages have no choice.
pub fn on_duplicate() -> String {
    let choice = leptos::prelude::document().get_element_by_id("on-duplicate");
    choice.map_or(String::new(), |it| it.unchecked_into::<HtmlSelectElement>().value())
}

/// What is of interest in the answer to what was taken in.
#[derive(Deserialize)]
struct Taken {
    job_id: JobId,
}

/// What the server made of it.
fn outcome(status: u16, body: &str) -> State {
    if let Ok(Taken { job_id }) = json::read(body) {
        return State::Taken(job_id);
    }
    match json::read::<Problem>(body) {
        // Another time it may be less busy, or mended.
        Ok(problem) if matches!(status, 408 | 429 | 500..) => State::Failed(problem.detail),
        Ok(problem) => State::Refused(Refusal::Said(problem.detail)),
        Err(_) => State::Failed(match status {
            0 => "The connection broke before the server answered; nothing was taken in.".to_owned(),
            _ => ["The server answered ", &status.to_string(), "; nothing was taken in."].concat(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16) -> State {
        let problem = Problem::new(status, "some_problem", "No PDF yet.");
        outcome(status, &serde_json::to_string(&problem).unwrap())
    }

    #[test]
    fn what_the_server_refuses_is_told_in_its_words_and_not_sent_again() {
        for status in [400, 413, 415] {
            assert_eq!(problem(status), State::Refused(Refusal::Said("No PDF yet.".to_owned())), "{status}");
        }
    }

    #[test]
    fn what_may_pass_can_be_sent_again() {
        for status in [408, 429, 500, 503, 507] {
            assert_eq!(problem(status), State::Failed("No PDF yet.".to_owned()), "{status}");
        }
        assert!(matches!(outcome(0, ""), State::Failed(reason) if reason.contains("connection")));
        assert!(matches!(outcome(502, "<html>"), State::Failed(reason) if reason.contains("502")));
    }

    #[test]
    fn what_was_taken_in_has_a_job() {
        let id = JobId(uuid::Uuid::from_u128(7));
        let summary = format!(
            r#"{{"job_id":"{id}","job_type":"file_ingestion","status":"pending","created_at":"2024-01-15T10:30:00.000Z","message":""}}"#
        );
        assert_eq!(outcome(200, &summary), State::Taken(id));
    }
}
