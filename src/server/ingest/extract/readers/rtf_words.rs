//! The control words of RTF: how they are written, and what those mean that need no state.

/// Takes a control word off the front of `bytes`, with its number, and the space that ends it.
pub fn control_word(bytes: &[u8]) -> (&[u8], Option<i32>, &[u8]) {
    let letters = bytes.iter().take_while(|it| it.is_ascii_alphabetic()).count();
    let (word, rest) = bytes.split_at(letters);
    let is_negative = rest.first() == Some(&b'-');
    let digits = &rest[usize::from(is_negative)..];
    let length = digits.iter().take_while(|it| it.is_ascii_digit()).count();
    let (digits, after) = digits.split_at(length);
    let number = digits
        .iter()
        .fold(0_i32, |number, digit| number.saturating_mul(10).saturating_add(i32::from(digit - b'0')));
    let number = (length > 0).then_some(if is_negative { -number } else { number });
    let rest = if length > 0 { after } else { rest };
    (word, number, rest.strip_prefix(b" ").unwrap_or(rest))
}

/// The character that a control word stands for.
pub fn character_of(word: &[u8]) -> Option<char> {
    Some(match word {
        b"emdash" => '—',
        b"endash" => '–',
        b"bullet" => '•',
        b"lquote" => '‘',
        b"rquote" => '’',
        b"ldblquote" => '“',
        b"rdblquote" => '”',
        b"emspace" | b"enspace" | b"qmspace" => ' ',
        b"zwj" => '\u{200d}',
        b"zwnj" => '\u{200c}',
        _ => return None,
    })
}

/// Groups without text for people that need no `\*` before their names; those with it are skipped if unknown.
pub fn is_skipped(word: &[u8]) -> bool {
    matches!(
        word,
        b"colortbl" | b"stylesheet" | b"filetbl" | b"listtable" | b"listoverridetable" | b"revtbl" | b"rsidtbl"
            | b"xmlnstbl" | b"generator" | b"themedata" | b"colorschememapping" | b"datastore" | b"latentstyles"
            // What is drawn: pictures, the parts of shapes, and shapes once more for older programs.
            | b"pict" | b"shppict" | b"nonshppict" | b"sp" | b"shprslt" | b"mmath" | b"mmathPict"
            | b"objdata" | b"objclass" | b"objname" | b"objalias" | b"objsect"
            | b"fldinst" | b"datafield" | b"formfield" | b"bkmkstart" | b"bkmkend" | b"nonesttables"
            // Marks for an index and for a table of contents.
            | b"xe" | b"rxe" | b"txe" | b"tc" | b"tcn"
            | b"atnid" | b"atnauthor" | b"atndate" | b"atnref" | b"ftnsep" | b"ftnsepc" | b"aftnsep" | b"aftnsepc"
    )
}

pub fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|it| it.try_into().ok())
}
