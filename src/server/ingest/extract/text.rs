//! Plain text and its relatives: UTF-8, read in pieces.

use std::io::{self, Read};

/// Bytes read at once.
const BLOCK: usize = 64 << 10;

/// The mark some editors put before UTF-8 text; it is not part of the text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Why bytes could not be read as text.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    #[error("byte {0} is not valid UTF-8")]
    InvalidUtf8(u64),
    /// A file with zero bytes is no text, whatever its name says.
    #[error("byte {0} is zero, as in binary files")]
    Binary(u64),
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

/// Reads all text of `source`. `sink` gets each piece with the number of bytes read so far, and says
/// whether to go on.
pub fn read_text(mut source: impl Read, mut sink: impl FnMut(&str, u64) -> bool) -> Result<(), TextError> {
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
    fn short_texts_and_nothing_at_all_are_texts() {
        for text in ["", "a", "\u{ef}", "ab"] {
            assert_eq!(decode(&[text.as_bytes()]).unwrap(), text);
        }
    }
}
