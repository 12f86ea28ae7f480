//! A mail with its attachments.

use mail_parser::{Address, MessageParser, MimeHeaders};

use super::{Extracted, Sink, Unreadable, Within, fact, html, part, warn};
use crate::domain::Location;

pub fn read(bytes: &[u8], within: &Within<'_>, sink: Sink<'_>) -> Result<(), Unreadable> {
    let at = &within.at;
    let parsed = MessageParser::default().parse(bytes);
    let mail = parsed.ok_or_else(|| Unreadable::damaged("it has no header"))?;
    let (from, to) = (mail.from().map(names), mail.to().map(names));
    let date = mail.date().map(mail_parser::DateTime::to_rfc3339);
    // Of a mail in a mail the outer one tells.
    if at.part.is_none() {
        fact(sink, "title", mail.subject());
        fact(sink, "author", from.clone());
        fact(sink, "created", date.clone());
    }
    let named = |name: &str| {
        let name = at.part.as_ref().map_or_else(|| name.to_owned(), |outer| format!("{outer} › {name}"));
        Location { part: Some(name), ..at.clone() }
    };
    sink(Extracted::Place(named("message")));
    let mut head = String::new();
    for (name, value) in
        [("Subject", mail.subject().map(str::to_owned)), ("From", from), ("To", to), ("Date", date)]
    {
        if let Some(value) = value {
            head.push_str(&format!("{name}: {value}\n"));
        }
    }
    sink(Extracted::Text(head + "\n"));
    let body = match (mail.text_body_count(), mail.html_body_count()) {
        (0, 0) => String::new(),
        (0, _) => html::to_markdown(&mail.body_html(0).unwrap_or_default())?,
        (count, _) => (0..count).filter_map(|place| mail.body_text(place)).collect::<Vec<_>>().join("\n"),
    };
    sink(Extracted::Text(body + "\n"));
    for (number, attachment) in (1..).zip(mail.attachments()) {
        let name = attachment.attachment_name().map_or_else(|| format!("attachment {number}"), str::to_owned);
        let inside = within.inside(named(&name));
        let (kind, bytes) = match attachment.message() {
            Some(message) => ("mail.eml", message.raw_message().to_vec()),
            None => (name.as_str(), attachment.contents().to_vec()),
        };
        if let Err(error) = part(kind, bytes, &inside, sink) {
            warn(
                sink,
                "attachment_skipped",
                format!("The attachment {name} was not read: {}.", error.reason),
            );
        }
    }
    Ok(())
}

fn names(address: &Address<'_>) -> String {
    let names = address.iter().filter_map(|it| match (it.name(), it.address()) {
        (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
        (one, other) => one.or(other).map(str::to_owned),
    });
    names.collect::<Vec<_>>().join(", ")
}
