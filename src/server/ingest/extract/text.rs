//! Plain text and its relatives, read in pieces: UTF-8, or whatever encoding it seems to be.

use std::io::{self, Read, Seek};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

use super::encodings::{Escapes, wide};
use crate::domain::Warning;
use crate::server::ingest::recognise::HEAD;

/// Bytes read at once.
const BLOCK: usize = 64 << 10;

/// The mark some editors put before UTF-8 text; it is not part of the text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// How UTF-32 can begin; read as UTF-16 it would have a zero at each second place.
pub const UTF_32_MARK: &[u8] = &[0xff, 0xfe, 0, 0];

/// Text has fewer control characters than one of so many.
const CONTROLS: usize = 50;

/// Bytes looked at to guess an encoding.
const GUESSED_FROM: u64 = 4 << 20;

/// The encoding of a text, if it is not UTF-8, and whether that is a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    pub encoding: &'static encoding_rs::Encoding,
    pub guessed: bool,
}

/// Finds out how a text is encoded: `None` for UTF-8. Reads it once, and is back at its start.
pub fn encoding_of(source: &mut (impl Read + Seek)) -> Result<Option<Encoding>, TextError> {
    let mut start = Vec::new();
    source.by_ref().take(HEAD as u64).read_to_end(&mut start)?;
    source.rewind()?;
    if start.starts_with(UTF_32_MARK) {
        return Err(TextError::Binary(2));
    }
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(&start) {
        let is_utf8 = encoding == encoding_rs::UTF_8;
        return Ok((!is_utf8).then_some(Encoding { encoding, guessed: false }));
    }
    if let Some(encoding) = wide(&start) {
        return Ok(Some(Encoding { encoding, guessed: true }));
    }
    let mut escapes = Escapes::default();
    let read = read_text(&mut *source, None, |piece, _| {
        escapes.push(piece.as_bytes());
        true
    });
    source.rewind()?;
    match read {
        Err(TextError::InvalidUtf8(_)) => {}
        Ok(()) if escapes.are_japanese() => {
            return Ok(Some(Encoding { encoding: encoding_rs::ISO_2022_JP, guessed: true }));
        }
        other => return other.map(|()| None),
    }
    let mut some = Vec::new();
    source.by_ref().take(GUESSED_FROM).read_to_end(&mut some)?;
    source.rewind()?;
    if let Some(zero) = some.iter().position(|byte| *byte == 0) {
        return Err(TextError::Binary(zero as u64));
    }
    let is_control = |byte: &u8| matches!(byte, 0x01..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f);
    if some.iter().filter(|byte| is_control(byte)).count() * CONTROLS > some.len() {
        return Err(TextError::Controls);
    }
    if is_mostly_utf8(&some) {
        return Ok(Some(Encoding { encoding: encoding_rs::UTF_8, guessed: true }));
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(&some, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    Ok(Some(Encoding { encoding, guessed: true }))
}

/// Whether it is UTF-8 with some damage: other encodings have no character that is valid in it, but by chance.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut valid, mut invalid) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|it| !it.is_ascii()).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    valid > 3 * invalid
}

/// What the owner of a text should know whose encoding was guessed.
pub fn guessed(encoding: &'static encoding_rs::Encoding) -> Warning {
    let message = if encoding == encoding_rs::UTF_8 {
        format!(
            "The text is UTF-8 with bytes that are damaged; {} stands for them.",
            char::REPLACEMENT_CHARACTER
        )
    } else {
        format!("The text is not UTF-8; it was read as {}, which is a guess.", encoding.name())
    };
    Warning::new("encoding_guessed", message)
}

/// A whole text in memory, and its encoding if that was guessed; `None` for what is no text.
pub fn decode(bytes: &[u8]) -> Option<(String, Option<&'static encoding_rs::Encoding>)> {
    let encoding = encoding_of(&mut io::Cursor::new(bytes)).ok()?;
    let guess = encoding.filter(|it| it.guessed).map(|it| it.encoding);
    let text = encoding.map_or(encoding_rs::UTF_8, |it| it.encoding).decode(bytes).0.into_owned();
    Some((text, guess))
}

/// A whole page or XML file in memory, in the encoding that stands after `mark` at its start; many that name none
/// are UTF-8 all the same.
/// Also tells the encoding if that was guessed.
pub fn decode_marked_up(bytes: &[u8], mark: &str) -> (String, Option<&'static encoding_rs::Encoding>) {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).to_ascii_lowercase();
    let named = head.find(mark).map(|at| head[at + mark.len()..].trim_start_matches(['"', '\'', ' ']));
    let named = named.and_then(|it| {
        it.split(|end: char| !(end.is_ascii_alphanumeric() || end == '-' || end == '_')).next()
    });
    let named = named.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
    let mut escapes = Escapes::default();
    escapes.push(bytes);
    let is_utf8 = !escapes.are_japanese() && std::str::from_utf8(bytes).is_ok();
    let is_utf8 = || is_utf8.then_some(encoding_rs::UTF_8);
    let guess = || decode(bytes).and_then(|(_, guess)| guess);
    // Many say they are UTF-8, and are not.
    let said = is_utf8().or(named.filter(|it| *it != encoding_rs::UTF_8));
    let encoding = said.or_else(guess).unwrap_or(encoding_rs::WINDOWS_1252);
    let (text, encoding, _) = encoding.decode(bytes);
    (text.into_owned(), said.is_none().then_some(encoding))
}

/// Why bytes could not be read as text.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    #[error("byte {0} is not valid UTF-8")]
    InvalidUtf8(u64),
    /// A file with zero bytes is no text, whatever its name says.
    #[error("byte {0} is zero, as in binary files")]
    Binary(u64),
    #[error("it has many control characters, as binary files do")]
    Controls,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("stopped")]
    Stopped,
}

/// Checks or decodes UTF-8 that comes in pieces cut anywhere.
#[derive(Debug, Default)]
pub struct Utf8Decoder {
    /// The beginning of a character that the next piece ends.
    partial: Vec<u8>,
    /// Bytes decoded so far, those of `partial` excluded.
    position: u64,
}

impl Utf8Decoder {
    /// Decodes one piece and gives its text to `sink`.
    pub fn push(&mut self, bytes: &[u8], mut sink: impl FnMut(&str)) -> Result<(), TextError> {
        let joined;
        let bytes = if self.partial.is_empty() {
            bytes
        } else {
            joined = [std::mem::take(&mut self.partial).as_slice(), bytes].concat();
            &joined
        };
        // Wait for three bytes before deciding whether the text starts with a mark.
        if self.position == 0 && bytes.len() < 3 && BYTE_ORDER_MARK.starts_with(bytes) {
            self.partial = bytes.to_vec();
            return Ok(());
        }
        let marked = self.position == 0 && bytes.starts_with(BYTE_ORDER_MARK);
        let skipped = if marked { BYTE_ORDER_MARK.len() } else { 0 };
        let (valid, rest) = match std::str::from_utf8(&bytes[skipped..]) {
            Ok(text) => (text, &[][..]),
            Err(error) => {
                let at = skipped + error.valid_up_to();
                if error.error_len().is_some() {
                    return Err(self.invalid(bytes, at));
                }
                // Cut in the middle of a character.
                (std::str::from_utf8(&bytes[skipped..at]).unwrap_or_default(), &bytes[at..])
            }
        };
        if let Some(zero) = valid.bytes().position(|byte| byte == 0) {
            return Err(TextError::Binary(self.position + (skipped + zero) as u64));
        }
        if !valid.is_empty() {
            sink(valid);
        }
        self.position += (skipped + valid.len()) as u64;
        self.partial = rest.to_vec();
        Ok(())
    }

    /// The text has ended. Fails when it ended within a character.
    pub fn finish(self, mut sink: impl FnMut(&str)) -> Result<(), TextError> {
        match std::str::from_utf8(&self.partial) {
            Ok("") => Ok(()),
            Ok(text) => {
                sink(text);
                Ok(())
            }
            Err(_) => Err(TextError::InvalidUtf8(self.position)),
        }
    }

    /// A zero byte before the first invalid one says that the file is binary.
    fn invalid(&self, bytes: &[u8], at: usize) -> TextError {
        match bytes[..at].iter().position(|byte| *byte == 0) {
            Some(zero) => TextError::Binary(self.position + zero as u64),
            None => TextError::InvalidUtf8(self.position + at as u64),
        }
    }
}

/// Reads all text of `source`, which is UTF-8 unless `encoding` says otherwise. `sink` gets each piece with
/// the number of bytes read so far, and says whether to go on.
pub fn read_text(
    mut source: impl Read,
    encoding: Option<&'static encoding_rs::Encoding>,
    mut sink: impl FnMut(&str, u64) -> bool,
) -> Result<(), TextError> {
    if let Some(encoding) = encoding {
        return read_encoded(source, encoding, sink);
    }
    let mut decoder = Utf8Decoder::default();
    let mut block = vec![0; BLOCK];
    let mut done = 0;
    loop {
        let length = match source.read(&mut block) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        done += length as u64;
        let mut go_on = true;
        decoder.push(&block[..length], |text| go_on = sink(text, done))?;
        if !go_on {
            return Err(TextError::Stopped);
        }
    }
    decoder.finish(|text| {
        sink(text, done);
    })
}

/// Reads text of another encoding. What is not valid in it becomes the replacement character.
fn read_encoded(
    mut source: impl Read,
    encoding: &'static encoding_rs::Encoding,
    mut sink: impl FnMut(&str, u64) -> bool,
) -> Result<(), TextError> {
    let mut decoder = encoding.new_decoder();
    let (mut block, mut text) = (vec![0; BLOCK], String::new());
    let mut done = 0;
    loop {
        let length = match source.read(&mut block) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        done += length as u64;
        text.clear();
        text.reserve(decoder.max_utf8_buffer_length(length).unwrap_or(4 * BLOCK));
        // The room asked for is enough, so nothing is left over.
        let _ = decoder.decode_to_string(&block[..length], &mut text, length == 0);
        if !text.is_empty() && !sink(&text, done) {
            return Err(TextError::Stopped);
        }
        if length == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(pieces: &[&[u8]]) -> Result<String, TextError> {
        let mut text = String::new();
        let mut decoder = Utf8Decoder::default();
        for piece in pieces {
            decoder.push(piece, |part| text.push_str(part))?;
        }
        decoder.finish(|part| text.push_str(part))?;
        Ok(text)
    }

    #[test]
    fn characters_may_be_cut_anywhere() {
        let text = "\u{feff}añ€😀b";
        for cut in 0..text.len() {
            let (left, right) = text.as_bytes().split_at(cut);
            assert_eq!(decode(&[left, right]).unwrap(), "añ€😀b", "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(decode(&bytes).unwrap(), "añ€😀b");
    }

    #[test]
    fn the_place_of_the_damage_is_told() {
        for (pieces, at) in
            [(vec![&b"abc\xff"[..]], 3), (vec![b"ab", b"c\xc3", b"\x28"], 3), (vec![b"ab\xe2\x82"], 2)]
        {
            assert!(
                matches!(decode(&pieces), Err(TextError::InvalidUtf8(found)) if found == at),
                "{pieces:?}"
            );
        }
    }

    #[test]
    fn a_zero_byte_is_not_text() {
        assert!(matches!(decode(&[b"PK\x03\x04\x00\xff"]), Err(TextError::Binary(4))));
        assert!(matches!(decode(&[b"ab", b"c\x00"]), Err(TextError::Binary(3))));
    }

    #[test]
    fn the_encoding_of_a_text_is_found_out() {
        let words =
            "Der Schleusenwärter öffnet das Tor, und das Schiff fährt weiter. Größe und Höhe stimmen. ";
        let latin = encoding_rs::WINDOWS_1252.encode(&words.repeat(5)).0.into_owned();
        let japanese = encoding_rs::SHIFT_JIS
            .encode("水門を開けると、船が進みます。今日は天気がいいです。")
            .0
            .into_owned();
        let escaped = encoding_rs::ISO_2022_JP.encode("水門を開けると、船が進みます。").0.into_owned();
        let unmarked: Vec<u8> = "wide ä".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("wide ä".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for (bytes, text, encoding, guessed) in [
            (words.as_bytes().to_vec(), "Schleusenwärter", None, false),
            (latin, "Schleusenwärter", Some("windows-1252"), true),
            (japanese, "水門を開ける", Some("Shift_JIS"), true),
            (escaped, "水門を開ける", Some("ISO-2022-JP"), true),
            (unmarked, "wide ä", Some("UTF-16BE"), true),
            (utf16, "wide ä", Some("UTF-16LE"), false),
        ] {
            let mut source = io::Cursor::new(&bytes);
            let found = encoding_of(&mut source).unwrap();
            assert_eq!(found.map(|it| it.encoding.name()), encoding);
            assert_eq!(found.is_some_and(|it| it.guessed), guessed);
            let mut whole = String::new();
            read_text(source, found.map(|it| it.encoding), |piece, _| {
                whole.push_str(piece);
                true
            })
            .unwrap();
            assert!(whole.contains(text) && !whole.contains('\u{fffd}'), "{whole}");
        }
        assert!(encoding_of(&mut io::Cursor::new(b"PK\x03\x04\x00\xff")).is_err(), "no text at all");
    }

    #[test]
    fn short_texts_and_nothing_at_all_are_texts() {
        for text in ["", "a", "\u{ef}", "ab"] {
            assert_eq!(decode(&[text.as_bytes()]).unwrap(), text);
        }
    }
}
