//! A mail with its attachments.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Address, Encoding, MessageParser, MessagePart, MimeHeaders};

use super::{Extracted, Sink, Unreadable, Within, fact, html, part, warn};
use crate::domain::Location;
use crate::server::ingest::extract::text;

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
    let texts = (0..mail.text_body_count() as u32).filter_map(|place| mail.text_part(place));
    let texts: Vec<_> = texts.filter(|it| it.is_text() && !it.is_text_html()).collect();
    for text in &texts {
        let bytes = undamaged(text, bytes);
        let (text, guess) = text::decode(&bytes)
            .unwrap_or_else(|| (text.text_contents().unwrap_or_default().to_owned(), None));
        if let Some(encoding) = guess {
            sink(Extracted::Warning(text::guessed(encoding)));
        }
        sink(Extracted::Text(text + "\n"));
    }
    if let Some(page) = mail.html_part(0).filter(|it| texts.is_empty() && it.is_text_html()) {
        let (page, guess) = text::decode_marked_up(&undamaged(page, bytes), "charset=");
        if let Some(encoding) = guess {
            sink(Extracted::Warning(text::guessed(encoding)));
        }
        sink(Extracted::Text(html::to_markdown(&page)? + "\n"));
    }
    for (number, attachment) in (1..).zip(mail.attachments()) {
        let name = attachment.attachment_name().map_or_else(|| format!("attachment {number}"), str::to_owned);
        let inside = within.inside(named(&name));
        let (kind, bytes) = match attachment.message() {
            Some(message) => ("mail.eml", message.raw_message().to_vec()),
            None => (name.as_str(), undamaged(attachment, bytes)),
        };
        // What an attachment says of itself is not said of the mail.
        let of_mail: Sink<'_> = &mut |found| {
            if !matches!(found, Extracted::Fact(..)) {
                sink(found);
            }
        };
        if let Err(error) = part(kind, bytes, &inside, of_mail) {
            warn(
                sink,
                "attachment_skipped",
                format!("The attachment {name} was not read: {}.", error.reason),
            );
        }
    }
    Ok(())
}

/// The bytes of a part: as its charset says if that is true, else as they were sent.
fn undamaged(part: &MessagePart<'_>, mail: &[u8]) -> Vec<u8> {
    let read = part.contents();
    let charset = part.content_type().and_then(|it| it.attribute("charset")).unwrap_or_default();
    // UTF-7 is known to the mail's reader alone.
    let damaged = part.is_text()
        && !charset.eq_ignore_ascii_case("utf-7")
        && part.text_contents().is_some_and(|it| it.contains(char::REPLACEMENT_CHARACTER));
    let sent = mail.get(part.offset_body as usize..part.offset_end as usize).filter(|_| damaged);
    let sent = sent.and_then(|sent| match part.encoding {
        Encoding::None => Some(sent.to_vec()),
        Encoding::Base64 => base64_decode(sent),
        Encoding::QuotedPrintable => quoted_printable_decode(sent),
    });
    sent.unwrap_or_else(|| read.to_vec())
}

fn names(address: &Address<'_>) -> String {
    let names = address.iter().filter_map(|it| match (it.name(), it.address()) {
        (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
        (one, other) => one.or(other).map(str::to_owned),
    });
    names.collect::<Vec<_>>().join(", ")
}
