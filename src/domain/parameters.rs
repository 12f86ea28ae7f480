//! Parameters of an address or a form, read with an answer that says what would be right.

use std::fmt::Display;
use std::str::FromStr;

/// A parameter that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadParameter {
    pub name: String,
    /// What it is and what it must be, in a sentence.
    pub message: String,
}

impl BadParameter {
    /// `wanted` says what would be right, as "it must be an id".
    pub fn new(name: &str, given: &str, wanted: impl Display) -> Self {
        Self { name: name.to_owned(), message: format!("{name} is {given:?}; {wanted}.") }
    }
}

/// What a parameter that names the last row of the page before must be.
pub const NEXT_ID: &str = "it must be the `next` of the page before, an id";

/// The same of a list that counts.
pub const NEXT_NUMBER: &str = "it must be a number, as an answer before gave it";

/// What a parameter with a few known names must be.
pub fn one_of(names: &[&'static str]) -> String {
    format!("it must be one of {}", names.join(", "))
}

/// A whole number from `least` to `most`.
pub fn number(
    name: &str,
    value: Option<&str>,
    default: u32,
    least: u32,
    most: u32,
) -> Result<u32, BadParameter> {
    let Some(text) = value else { return Ok(default) };
    match text.parse::<u32>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => {
            let wanted = format_args!("it must be a whole number from {least} to {most}");
            Err(BadParameter::new(name, text, wanted))
        }
    }
}

/// A value that has a text form of its own. An empty one is none: a form in a page sends its empty fields along.
pub fn parsed<T: FromStr>(name: &str, value: Option<&str>, wanted: &str) -> Result<Option<T>, BadParameter> {
    let Some(text) = value.filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| BadParameter::new(name, text, wanted))
}

/// "true" or "false", as people write them.
pub fn switch(name: &str, value: &str) -> Result<bool, BadParameter> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" | "" => Ok(false),
        _ => Err(BadParameter::new(name, value, "it must be true or false")),
    }
}
