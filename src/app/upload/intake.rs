//! The two forms that take files and texts in. Without JavaScript both just post; in a live page the upload centre
//! takes them over.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::app::components::{Icon, Seal};
use crate::domain::OnDuplicate;
use crate::domain::format::FORMATS;
use crate::server_fns::IngestText;

#[component]
pub fn IntakeForms() -> impl IntoView {
    view! {
        <section class="intake" aria-label="Add documents">
            <FileForm/>
            <TextForm/>
        </section>
    }
    .seal()
}

/// What every page has: the fields behind the buttons, and what is over the page while something is dragged.
#[component]
pub fn DropPlaces() -> impl IntoView {
    view! {
        <div id="drop-over" class="drop-over" aria-hidden="true" data-testid="drop-over" hidden>
            <p>"Drop to add"</p>
        </div>
        <input
            id="choose-files"
            type="file"
            hidden
            multiple
            data-takes-files
            data-key-upload
            data-testid="choose-files"
        />
        <input
            id="choose-folder"
            type="file"
            hidden
            data-takes-files
            data-testid="choose-folder"
        />
    }
    .seal()
}

#[component]
fn FileForm() -> impl IntoView {
    let accept: Vec<_> =
        FORMATS.iter().flat_map(|it| it.extensions).map(|extension| format!(".{extension}")).collect();
    view! {
        <form class="drop" action="/ingest" method="post" enctype="multipart/form-data">
            <Icon path="M8 10.5V3M4.8 6L8 2.8 11.2 6M2.5 10v3h11v-3"/>
            <div class="drop-words">
                <label for="upload-input">"Add files"</label>
                <p id="upload-hint" class="muted">
                    <span class="needs-js">"Drop files or folders anywhere, or choose several. "</span>
                    "PDF, Office, OpenDocument, EPUB, HTML, mail, and all kinds of text."
                </p>
            </div>
            <div class="drop-choices">
                <input
                    id="upload-input"
                    class="without-js"
                    type="file"
                    name="file"
                    multiple
                    required
                    accept=accept.join(",")
                    aria-describedby="upload-hint"
                    data-testid="upload-input"
                    data-takes-files
                    data-key-upload
                />
                <button
                    type="button"
                    class="button primary needs-js"
                    aria-describedby="upload-hint"
                    data-chooses="upload-input"
                >
                    "Choose files"
                </button>
                <button
                    type="button"
                    class="button needs-js"
                    title="Files in it whose names begin with a dot are left out"
                    data-chooses="choose-folder"
                >
                    "Choose folder"
                </button>
                <label class="drop-twins muted">
                    "If already here: "
                    <select id="on-duplicate" name=OnDuplicate::NAME data-testid="on-duplicate">
                        <option value="">"add again"</option>
                        <option value="skip">"leave out"</option>
                        <option value="replace">"replace"</option>
                    </select>
                </label>
                <button class="button without-js">"Upload"</button>
            </div>
        </form>
    }
    .seal()
}

#[component]
fn TextForm() -> impl IntoView {
    view! {
        <form class="paste" action=IngestText::url() method="post">
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
