//! Bytes become text. One file per family of formats.

pub mod text;
