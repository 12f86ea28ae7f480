//! Sends files one request each, at most three at a time, and tells how far each is. Runs in the
//! browser only. `fetch` cannot tell the progress of what it sends, so this is an XMLHttpRequest.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};

use leptos::prelude::*;
use serde::Deserialize;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{File, FormData, ProgressEvent, XmlHttpRequest};

use crate::domain::{JobId, Problem, json};

const AT_ONCE: usize = 3;

/// Something on its way to the server.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Tells uploads of the same name apart.
    pub number: u32,
    pub name: String,
    pub size: u64,
    pub state: ArcRwSignal<UploadState>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadState {
    Waiting,
    /// Percent sent.
    Sending(u32),
    Taken(JobId),
    /// Why it was not taken in.
    Refused(String),
}

impl UploadState {
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::Taken(_) | Self::Refused(_))
    }
}

impl Upload {
    pub fn new(name: String, size: u64) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { number, name, size, state: ArcRwSignal::new(UploadState::Waiting) }
    }
}

struct Queue {
    waiting: VecDeque<(File, Upload)>,
    sending: usize,
}

thread_local! {
    // Of the browser's tab, not of the page: what was dropped is sent though another page is opened.
    static QUEUE: RefCell<Queue> = const { RefCell::new(Queue { waiting: VecDeque::new(), sending: 0 }) };
}

/// Puts a file at the end of the queue.
pub fn later(file: File, upload: Upload) {
    QUEUE.with_borrow_mut(|queue| queue.waiting.push_back((file, upload)));
}

/// Sends what waits, as far as places are free.
pub fn start() {
    while let Some((file, upload)) = next() {
        let state = upload.state;
        state.set(UploadState::Sending(0));
        if transmit(&file, state.clone()).is_err() {
            state.set(UploadState::Refused("The browser could not read this file.".to_owned()));
            QUEUE.with_borrow_mut(|queue| queue.sending -= 1);
        }
    }
}

fn next() -> Option<(File, Upload)> {
    QUEUE.with_borrow_mut(|queue| {
        if queue.sending >= AT_ONCE {
            return None;
        }
        let next = queue.waiting.pop_front()?;
        queue.sending += 1;
        Some(next)
    })
}

fn transmit(file: &File, state: ArcRwSignal<UploadState>) -> Result<(), JsValue> {
    let form = FormData::new()?;
    form.append_with_blob_and_filename("file", file, &file.name())?;
    let request = XmlHttpRequest::new()?;
    request.open("POST", "/ingest/async")?;
    request.set_request_header("Accept", "application/json")?;

    let progress = Closure::<dyn FnMut(ProgressEvent)>::new({
        let state = state.clone();
        move |event: ProgressEvent| {
            let percent = percent(event.loaded(), event.total());
            if *state.read_untracked() != UploadState::Sending(percent) {
                state.set(UploadState::Sending(percent));
            }
        }
    });
    request.upload()?.set_onprogress(Some(progress.as_ref().unchecked_ref()));
    let ended = Closure::once_into_js({
        let request = request.clone();
        move || {
            // Owned by this closure, so that it lives as long as it can be called.
            drop(progress);
            let body = request.response_text().ok().flatten().unwrap_or_default();
            state.set(outcome(request.status().unwrap_or(0), &body));
            QUEUE.with_borrow_mut(|queue| queue.sending -= 1);
            start();
        }
    });
    request.set_onloadend(Some(ended.unchecked_ref()));
    request.send_with_opt_form_data(Some(&form))
}

fn percent(done: f64, total: f64) -> u32 {
    if total > 0.0 { (done / total * 100.0).min(100.0) as u32 } else { 0 }
}

/// What is of interest in the answer to a file that was taken in.
#[derive(Deserialize)]
struct Taken {
    job_id: JobId,
}

/// What the server made of it.
fn outcome(status: u16, body: &str) -> UploadState {
    if let Ok(Taken { job_id }) = json::read(body) {
        return UploadState::Taken(job_id);
    }
    UploadState::Refused(match (json::read::<Problem>(body), status) {
        (Ok(problem), _) => problem.detail,
        (_, 0) => "The connection broke before the server answered; nothing was taken in.".to_owned(),
        (_, status) => format!("The server answered {status}; nothing was taken in."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_words_are_shown() {
        let problem = serde_json::to_string(&Problem::new(415, "unsupported_format", "No PDF yet.")).unwrap();
        assert_eq!(outcome(415, &problem), UploadState::Refused("No PDF yet.".to_owned()));
    }

    #[test]
    fn a_job_is_linked_and_silence_is_told() {
        let id = JobId(uuid::Uuid::from_u128(7));
        let summary = format!(
            r#"{{"job_id":"{id}","job_type":"file_ingestion","status":"pending","created_at":"2024-01-15T10:30:00.000Z","message":""}}"#
        );
        assert_eq!(outcome(200, &summary), UploadState::Taken(id));
        assert!(matches!(outcome(0, ""), UploadState::Refused(reason) if reason.contains("connection")));
        assert!(matches!(outcome(502, "<html>"), UploadState::Refused(reason) if reason.contains("502")));
    }

    #[test]
    fn percent_is_never_above_a_hundred() {
        for (done, total, expected) in [(0.0, 0.0, 0), (50.0, 200.0, 25), (201.0, 200.0, 100)] {
            assert_eq!(percent(done, total), expected);
        }
    }
}
