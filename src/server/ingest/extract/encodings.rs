//! Encodings that a text tells by its own bytes, though it has no mark and is no UTF-8.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// How a text without a mark whose characters are two bytes each is read. Its beginning says: of most characters
/// one byte is zero, always the same one, and all are characters that people write.
pub fn wide(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.len() / 2;
    let zeros = |first: usize| head[..pairs * 2].iter().skip(first).step_by(2).filter(|it| **it == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if pairs < 4 || even.max(odd) * 2 <= pairs || even.min(odd) * 50 > pairs {
        return None;
    }
    let (encoding, unit): (_, fn([u8; 2]) -> u16) =
        if even > odd { (UTF_16BE, u16::from_be_bytes) } else { (UTF_16LE, u16::from_le_bytes) };
    let units = head.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut characters = char::decode_utf16(units).peekable();
    while let Some(character) = characters.next() {
        match character {
            Ok('\t' | '\n' | '\r' | '\u{c}') => {}
            Ok(character) if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => {
                return None;
            }
            // The last character may go on behind the beginning.
            Err(_) if characters.peek().is_some() => return None,
            _ => {}
        }
    }
    Some(encoding)
}

/// Looks for what turns ASCII into Japanese (ISO-2022-JP), in a text that comes in pieces.
#[derive(Debug, Default)]
pub struct Escapes {
    /// The end of the last piece.
    tail: Vec<u8>,
    found: bool,
    /// There are other bytes than of ASCII.
    other: bool,
}

impl Escapes {
    pub fn push(&mut self, piece: &[u8]) {
        self.other |= !piece.is_ascii();
        if self.found || self.other {
            return;
        }
        let seam = [&self.tail, &piece[..piece.len().min(2)]].concat();
        self.found = turns(&seam) || turns(piece);
        let kept = seam.len().max(piece.len()).min(2);
        let end = if piece.len() < kept { &seam } else { piece };
        self.tail = end[end.len() - kept..].to_vec();
    }

    pub fn are_japanese(&self) -> bool {
        self.found && !self.other
    }
}

/// Whether one of JIS's character sets is chosen somewhere.
fn turns(bytes: &[u8]) -> bool {
    let chooses = |it: &[u8]| matches!(it, b"\x1b$B" | b"\x1b$@" | b"\x1b(J");
    bytes.contains(&0x1b) && bytes.windows(3).any(chooses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_two_bytes_are_known_by_their_zeros() {
        let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        let mixed = "Some words, ein paar Wörter\nand a few of Greek: λόγος 😀";
        let mut cut = little(mixed);
        cut.truncate(cut.len() - 2);
        for (bytes, expected) in [
            (little(mixed), Some(UTF_16LE)),
            (big(mixed), Some(UTF_16BE)),
            (cut, Some(UTF_16LE)),
            (mixed.into(), None),
            (b"ab\0c".to_vec(), None),
            (vec![0; 64], None),
            ((0..64).flat_map(|it| [it, 0]).collect(), None),
            (mixed.chars().flat_map(|it| (it as u32).to_le_bytes()).collect(), None),
            (vec![], None),
        ] {
            assert_eq!(wide(&bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn japanese_escapes_are_seen_wherever_the_text_is_cut() {
        for (text, expected) in [
            (&b"abc \x1b$B$N3+\x1b(B"[..], true),
            (b"\x1b$@$N\x1b(J", true),
            (b"\x1b[31mred\x1b(B\x1b[m", false),
            ("\x1b$B ä".as_bytes(), false),
        ] {
            for size in 1..=text.len() {
                let mut escapes = Escapes::default();
                text.chunks(size).for_each(|piece| escapes.push(piece));
                assert_eq!(escapes.are_japanese(), expected, "{text:?} by {size}");
            }
        }
    }
}
