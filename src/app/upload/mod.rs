//! Taking files and texts in: the forms of the jobs page, and the upload centre, which every page has.
//!
//! `intake` is written by the server. The rest lives in the browser: `listen` follows what people give, `folders`
//! walks what they drop, `centre` keeps the `queue` going with `send`, and `panel` shows it. `unsent` tells the
//! next page what was lost with this one.

mod centre;
mod folders;
mod intake;
mod item;
mod listen;
mod pace;
mod panel;
mod queue;
mod refusal;
mod send;
mod unsent;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

pub use self::intake::IntakeForms;

use self::centre::{Board, Bounds};
use self::panel::Panel;
use super::components::{Seal, flag};

/// What is being sent, and where more is dropped. Bounds are in bytes.
#[island]
pub fn UploadCentre(largest_file: u64, longest_text: u64) -> impl IntoView {
    let board = Board::new();
    let over = RwSignal::new(false);
    Effect::new(move |_| {
        let folder = document().get_element_by_id("choose-folder");
        if let Some(folder) = folder.and_then(|it| it.dyn_into::<HtmlInputElement>().ok()) {
            folder.set_webkitdirectory(true);
        }
        centre::open(board, Bounds { file: largest_file, text: longest_text });
        listen::listen(over);
    });
    view! {
        <div class="drop-over" aria-hidden="true" data-testid="drop-over" hidden=flag(move || !over.get())>
            <p>"Drop to add"</p>
        </div>
        <input id="choose-files" type="file" multiple hidden data-takes-files data-key-upload data-testid="choose-files"/>
        <input id="choose-folder" type="file" hidden data-takes-files data-testid="choose-folder"/>
        <Panel board/>
    }
    .seal()
}
