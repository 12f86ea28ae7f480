//! XML of any kind: what stands between its tags, and the values of its attributes.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::{Extracted, Sink, Unreadable, warn};
use crate::domain::Location;
use crate::server::ingest::extract::text;

/// Text is given in pieces of about so many bytes.
const PIECE: usize = 64 << 10;

pub fn read(bytes: &[u8], at: &Location, sink: Sink<'_>) -> Result<(), Unreadable> {
    let (xml, guess) = text::decode_marked_up(bytes, "encoding=");
    if let Some(encoding) = guess {
        sink(Extracted::Warning(text::guessed(encoding)));
    }
    let mut reader = Reader::from_str(&xml);
    reader.config_mut().check_end_names = false;
    sink(Extracted::Place(at.clone()));
    let (mut gathered, mut any) = (String::new(), false);
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(Event::Start(start) | Event::Empty(start)) => {
                new_line(&mut gathered);
                attributes(&start, &mut gathered);
            }
            Ok(Event::End(_)) => new_line(&mut gathered),
            Ok(Event::Text(text)) => gathered.push_str(text.as_ref()),
            Ok(Event::CData(text)) => gathered.push_str(text.as_ref()),
            Ok(Event::GeneralRef(entity)) => gathered.push_str(&character(&entity)),
            Ok(_) => {}
            // What comes before is read all the same.
            Err(error) if any || !gathered.trim().is_empty() => {
                let at = reader.error_position();
                warn(sink, "damaged", format!("The file is damaged from byte {at} on: {error}."));
                break;
            }
            Err(error) => return Err(Unreadable::damaged(error)),
        }
        if gathered.len() >= PIECE {
            any = true;
            sink(Extracted::Text(std::mem::take(&mut gathered)));
        }
    }
    sink(Extracted::Text(gathered));
    Ok(())
}

fn new_line(gathered: &mut String) {
    let words = gathered.trim_end_matches([' ', '\t', '\r', '\n']).len();
    if words > 0 && gathered[words..].is_empty() {
        gathered.push('\n');
    }
}

fn attributes(start: &BytesStart<'_>, gathered: &mut String) {
    let named = |it: &quick_xml::events::attributes::Attribute<'_>| !it.key.as_ref().starts_with("xmlns");
    for attribute in start.attributes().with_checks(false).flatten().filter(named) {
        gathered.push_str(&attribute.value);
        gathered.push(' ');
    }
}

/// What `&amp;` or `&#228;` stands for; an entity that only its document knows is kept as it is.
pub fn character(entity: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(character)) = entity.resolve_char_ref() {
        return character.to_string();
    }
    let name = entity.as_ref();
    resolve_predefined_entity(name).map_or_else(|| format!("&{name};"), str::to_owned)
}
