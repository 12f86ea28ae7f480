//! From a source to documents: read, decode, cut into chunks.
//!
//! This room never calls the store: it is handed a source and says what it reads, piece by piece.
//! All of it blocks and runs on threads for blocking work.

pub mod chunk;
mod draft;
pub mod extract;
pub mod failures;
pub mod folders;
mod language;
mod members;
mod piece;
pub mod recognise;
pub mod run;
pub mod sources;
mod table;
