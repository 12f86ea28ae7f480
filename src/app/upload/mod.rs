//! The upload area: drop or choose files, or paste a text. Shows each file on its way and what
//! became of it; `send` does the sending.

mod send;

use leptos::ev::{DragEvent, Event};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use web_sys::{FileList, HtmlInputElement, HtmlTextAreaElement};

use self::send::{Upload, UploadState};
use super::components::{Icon, ProgressBar, Seal, each, field, on_click, on_submit, part, text, word};
use super::format;
use crate::domain::format::{FORMATS, Format, supported};
use crate::server_fns::{IngestText, ingest_text};

/// The forms that take files and texts in. Without JavaScript both just post.
#[component]
pub fn IntakeForms() -> impl IntoView {
    view! { <UploadArea/> }
}

/// What is being sent, on every page.
#[island]
pub fn UploadCentre() -> impl IntoView {
    view! { <div class="upload-centre"></div> }
}

#[island]
fn UploadArea() -> impl IntoView {
    let uploads = RwSignal::new(Vec::<Upload>::new());
    view! {
        <section class="intake" aria-label="Add documents">
            <FileForm uploads/>
            <TextForm uploads/>
            <UploadList uploads/>
        </section>
    }
    .seal()
}

/// Takes the files up, or says at once why it does not.
fn add(uploads: RwSignal<Vec<Upload>>, files: &FileList) {
    for file in (0..files.length()).filter_map(|index| files.item(index)) {
        let upload = Upload::new(file.name(), file.size() as u64);
        if Format::of_name(&upload.name).is_some() {
            send::later(file, upload.clone());
        } else {
            let reason = format!("Not sent: Sluice does not read this format. It reads {}.", supported());
            upload.state.set(UploadState::Refused(reason));
        }
        uploads.update(|it| it.insert(0, upload));
    }
    send::start();
}

#[component]
fn FileForm(uploads: RwSignal<Vec<Upload>>) -> impl IntoView {
    let over = RwSignal::new(false);
    let drop = move |event: DragEvent| {
        event.prevent_default();
        over.set(false);
        if let Some(files) = event.data_transfer().and_then(|it| it.files()) {
            add(uploads, &files);
        }
    };
    let choose = move |event: Event| {
        let input: HtmlInputElement = event_target(&event);
        if let Some(files) = input.files() {
            add(uploads, &files);
        }
        // So that the same file can be chosen again.
        input.set_value("");
    };
    let accept: Vec<_> =
        FORMATS.iter().flat_map(|it| it.extensions).map(|extension| format!(".{extension}")).collect();
    view! {
        <form
            class=word(move || if over.get() { "drop over" } else { "drop" })
            action="/ingest"
            method="post"
            enctype="multipart/form-data"
            on:dragover=move |event: DragEvent| {
                event.prevent_default();
                over.set(true);
            }
            on:dragleave=move |_| over.set(false)
            on:drop=drop
        >
            <Icon path="M8 10.5V3M4.8 6L8 2.8 11.2 6M2.5 10v3h11v-3"/>
            <div class="drop-words">
                <label for="upload-input">"Add files"</label>
                <p id="upload-hint" class="muted">
                    <span class="needs-js">"Drop them here or choose several. "</span>
                    "PDF, Office, OpenDocument, EPUB, HTML, mail, and all kinds of text."
                </p>
            </div>
            <input
                id="upload-input"
                type="file"
                name="file"
                multiple
                required
                accept=accept.join(",")
                aria-describedby="upload-hint"
                data-testid="upload-input"
                on:change=choose
            />
            <button class="button without-js">"Upload"</button>
        </form>
    }
    .seal()
}

#[component]
fn TextForm(uploads: RwSignal<Vec<Upload>>) -> impl IntoView {
    let submit = on_submit(move |event| {
        event.prevent_default();
        let Some(area) = field::<HtmlTextAreaElement>(&event, "textarea") else { return };
        let typed = area.value();
        if typed.trim().is_empty() {
            area.focus().unwrap_or_default();
            return;
        }
        let upload = Upload::new("Pasted text".to_owned(), typed.len() as u64);
        upload.state.set(UploadState::Sending(0));
        uploads.update(|it| it.insert(0, upload.clone()));
        spawn_local(async move {
            match ingest_text(typed.clone()).await {
                Ok(job) => {
                    upload.state.set(UploadState::Taken(job));
                    // What was typed meanwhile stays.
                    if area.value() == typed {
                        area.set_value("");
                    }
                }
                Err(problem) => upload.state.set(UploadState::Refused(problem.detail)),
            }
        });
    });
    view! {
        <form class="paste" action=IngestText::url() method="post" on:submit=submit>
            <label class="visually-hidden" for="paste-text">"Text to add"</label>
            <textarea
                id="paste-text"
                name="text"
                rows="2"
                required
                placeholder="Or paste a text here"
                data-testid="paste-text"
            ></textarea>
            <button class="button" data-testid="paste-submit">"Add text"</button>
        </form>
    }
    .seal()
}

#[component]
fn UploadList(uploads: RwSignal<Vec<Upload>>) -> impl IntoView {
    // Told when a file is through, not at each step of its progress.
    let told = move || {
        let uploads = uploads.read();
        let ended = uploads.iter().filter(|it| it.state.read().has_ended()).count();
        let refused = uploads.iter().filter(|it| matches!(*it.state.read(), UploadState::Refused(_))).count();
        match (uploads.len(), refused) {
            (0, _) => String::new(),
            (all, 0) => format!("{ended} of {all} sent"),
            (all, refused) => format!("{ended} of {all} done, {refused} not taken in"),
        }
    };
    let ended = Memo::new(move |_| uploads.read().iter().any(|it| it.state.read().has_ended()));
    let clear = move |_| uploads.update(|it| it.retain(|upload| !upload.state.read_untracked().has_ended()));
    view! {
        <div class="uploads">
            <div class="uploads-head">
                <p class="muted" role="status">{text(told)}</p>
                {part(move || {
                    ended
                        .get()
                        .then(|| {
                            view! {
                                <button type="button" class="button small" on:click=on_click(clear)>
                                    "Clear the list"
                                </button>
                            }
                            .seal()
                        })
                })}
            </div>
            <ul>
                {each(
                    move || uploads.get(),
                    |upload| u128::from(upload.number),
                    |upload| view! { <UploadItem upload/> }.seal(),
                )}
            </ul>
        </div>
    }
    .seal()
}

#[component]
fn UploadItem(upload: Upload) -> impl IntoView {
    let state = RwSignal::from(upload.state);
    let name = upload.name.clone();
    let kind = move || match *state.read() {
        UploadState::Waiting => "waiting",
        UploadState::Sending(_) => "sending",
        UploadState::Taken(_) => "taken",
        UploadState::Refused(_) => "refused",
    };
    let percent = move || match *state.read() {
        UploadState::Sending(percent) => percent,
        _ => 0,
    };
    let sending = Memo::new(move |_| matches!(*state.read(), UploadState::Sending(_)));
    let bar = move || {
        let label = format!("Sending {name}");
        view! {
            <ProgressBar percent=text(move || percent().to_string()) label testid="upload-progress"/>
            <span class="percent">{text(move || format!("{} %", percent()))}</span>
        }
        .seal()
    };
    let outcome = part(move || {
        if sending.get() {
            return Some(bar());
        }
        Some(match state.get() {
            UploadState::Taken(id) => {
                view! { <a href=format!("/app/jobs/{id}")>"Taken in: see its job"</a> }.seal()
            }
            UploadState::Refused(reason) => view! { <span class="wrong">{reason}</span> }.seal(),
            _ => view! { <span class="muted">"waiting"</span> }.seal(),
        })
    });
    view! {
        <li class="upload" data-testid="upload-item" data-state=word(kind)>
            <span class="upload-name">{upload.name}</span>
            <span class="muted">{format::bytes(upload.size)}</span>
            <span class="upload-outcome">{outcome}</span>
        </li>
    }
    .seal()
}
