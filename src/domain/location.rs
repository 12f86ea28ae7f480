//! Where in its source a passage is, for citations.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Metadata;

/// What the source's format knows of a passage's place; nothing for plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// The path of a file within an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slide: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The first and the last row of a table, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<(u32, u32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chapter: Option<String>,
    /// The message's text, or the name of an attachment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// The headings above the passage, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<String>,
}

impl Location {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As chunks carry it: the browser's half then needs no reader of its own for it.
    pub fn to_json(&self) -> Metadata {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => Metadata(fields),
            _ => Metadata::default(),
        }
    }

    /// Back from JSON; what is no location is none.
    pub fn of(json: &Metadata) -> Self {
        serde_json::from_value(Value::Object(json.0.clone())).unwrap_or_default()
    }

    /// The place as people say it: "page 3", "sheet Prices, rows 2–40", "Install › Linux".
    pub fn label(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.member.clone());
        parts.extend(self.part.clone());
        parts.extend(self.page.map(|page| format!("page {page}")));
        parts.extend(self.slide.map(|slide| format!("slide {slide}")));
        parts.extend(self.sheet.as_ref().map(|sheet| format!("sheet {sheet}")));
        parts.extend(self.rows.map(|(first, last)| format!("rows {first}–{last}")));
        parts.extend(self.chapter.clone());
        if !self.headings.is_empty() {
            parts.push(self.headings.join(" › "));
        }
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_said_as_people_say_it() {
        let nowhere = Location::default();
        assert!(nowhere.is_empty() && nowhere.label().is_empty());
        let rows = Location { sheet: Some("Prices".into()), rows: Some((2, 40)), ..Location::default() };
        assert_eq!(rows.label(), "sheet Prices, rows 2–40");
        let heading = Location { page: Some(3), headings: vec!["Install".into(), "Linux".into()], ..nowhere };
        assert_eq!(heading.label(), "page 3, Install › Linux");
    }
}
