//! Taking files and texts in: the forms of the jobs page, and the upload centre, which every page has.
//!
//! `intake` is written by the server, also what other pages need of it. The rest lives in the browser: `listen`
//! follows what people give, `folders` walks what they drop, `centre` keeps the `queue` going with `send`, and `panel`
//! shows it. `unsent` tells the next page what was lost with this one.

mod centre;
mod folders;
mod intake;
mod item;
mod listen;
mod panel;
mod queue;
mod refusal;
mod send;
mod transfer;
mod unsent;

use leptos::prelude::*;

pub use self::intake::{DropPlaces, IntakeForms};

use self::centre::{Board, Bounds};
use self::panel::Panel;
use super::components::{Seal, effect};

/// What is being sent. Bounds are in bytes.
#[island]
pub fn UploadCentre(largest_file: u64, longest_text: u64) -> impl IntoView {
    let board = Board::new();
    effect(move || {
        centre::open(board, Bounds { file: largest_file, text: longest_text });
        listen::listen();
    });
    view! { <Panel board/> }.seal()
}
