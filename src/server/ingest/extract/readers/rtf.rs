//! Rich Text Format: groups, control words, and text in a code page that changes with the font.
//!
//! Reads what a person sees, and four facts. Looks, pictures, formulas and the instructions of fields are left
//! out. Headings are not told apart.

use std::collections::HashMap;

use super::code_pages::{Charset, page_of_font};
use super::rtf_words::{character_of, control_word, hex, is_skipped};
use super::{Extracted, Sink, Unreadable, fact, warn};
use crate::domain::Location;

/// Groups inside each other: far more than any program writes.
const DEEPEST: usize = 10_000;

/// Text is given in pieces of about so many bytes.
const PIECE: usize = 64 << 10;

pub fn read(bytes: &[u8], at: &Location, sink: Sink<'_>) -> Result<(), Unreadable> {
    if !bytes.starts_with(b"{\\rtf") {
        return Err(Unreadable::damaged("it does not start with {\\rtf"));
    }
    sink(Extracted::Place(at.clone()));
    let mut reader = Reader::new(bytes, sink);
    reader.walk()?;
    reader.end()
}

/// Where the text of a group goes.
#[derive(Clone, Copy, Default, PartialEq)]
enum Destination {
    #[default]
    Text,
    Skipped,
    /// Told twice: here without Unicode, and with it in a group `\ud` within.
    Twice,
    Fonts,
    Info,
    /// One of [`FACTS`].
    Fact(usize),
    /// One of [`DATES`], in numbers.
    Date(usize),
}

/// The control words of facts, and our names for them.
const FACTS: [(&[u8], &str); 2] = [(b"title", "title"), (b"author", "author")];
const DATES: [(&[u8], &str); 2] = [(b"creatim", "created"), (b"revtim", "modified")];

/// What a group inherits from the one around it, and forgets at its end.
#[derive(Clone, Copy, Default)]
struct State {
    destination: Destination,
    font: Option<i32>,
    hidden: bool,
    deleted: bool,
    /// How many characters after `\u` stand in for it.
    fallback: u32,
    /// Whether `\*` came before: a group whose name is unknown is then to be skipped.
    optional: bool,
    /// Written where the group ends; not inherited.
    ending: &'static str,
}

struct Reader<'a> {
    rest: &'a [u8],
    sink: Sink<'a>,
    state: State,
    /// The states of the groups around this one, outermost first.
    outer: Vec<State>,
    charset: Charset,
    fonts: HashMap<i32, Charset>,
    default_font: Option<i32>,
    /// Bytes not decoded yet: only together do two of them make one Chinese character.
    encoded: Vec<u8>,
    /// Characters that the last `\u` still replaces.
    replaced: u32,
    /// The first half of a character beyond 16 bits.
    high: Option<u32>,
    /// Not given yet.
    text: String,
    has_text: bool,
    facts: [String; 2],
    dates: [[i32; 6]; 2],
    unknown_page: Option<i32>,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], sink: Sink<'a>) -> Self {
        Self {
            rest: bytes,
            sink,
            state: State { fallback: 1, ..State::default() },
            outer: Vec::new(),
            charset: Charset::Known(encoding_rs::WINDOWS_1252),
            fonts: HashMap::new(),
            default_font: None,
            encoded: Vec::new(),
            replaced: 0,
            high: None,
            text: String::new(),
            has_text: false,
            facts: Default::default(),
            dates: Default::default(),
            unknown_page: None,
        }
    }

    /// Reads up to the end of the outermost group; programs leave zeros and worse behind it.
    fn walk(&mut self) -> Result<(), Unreadable> {
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match byte {
                b'{' => self.open()?,
                b'}' => self.close(),
                b'\\' => self.control(),
                b'\r' | b'\n' => {}
                _ => self.byte(byte),
            }
            if self.outer.is_empty() {
                break;
            }
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), Unreadable> {
        self.decode();
        self.give();
        let is_cut = !self.outer.is_empty();
        if is_cut && !self.has_text {
            return Err(Unreadable::damaged("it ends before any text"));
        }
        for ((_, name), value) in FACTS.iter().zip(self.facts) {
            fact(self.sink, name, Some(value));
        }
        for ((_, name), value) in DATES.iter().zip(self.dates) {
            fact(self.sink, name, date(value));
        }
        if is_cut {
            warn(self.sink, "damaged", "The file ends early; what it has is read.".to_owned());
        }
        if let Some(page) = self.unknown_page {
            let message = format!("Code page {page} is unknown; some text was read as windows-1252 instead.");
            warn(self.sink, "encoding_guessed", message);
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), Unreadable> {
        if self.outer.len() >= DEEPEST {
            return Err(Unreadable::damaged("its groups are nested too deeply"));
        }
        self.decode();
        self.replaced = 0;
        self.outer.push(self.state);
        self.state.optional = false;
        self.state.ending = "";
        Ok(())
    }

    fn close(&mut self) {
        self.decode();
        self.replaced = 0;
        self.part(self.state.ending);
        if let Some(state) = self.outer.pop() {
            self.state = state;
        }
    }

    /// What follows a backslash.
    fn control(&mut self) {
        let Some((&symbol, rest)) = self.rest.split_first() else { return };
        if symbol.is_ascii_alphabetic() {
            let (word, number, rest) = control_word(self.rest);
            self.rest = rest;
            return self.obey(word, number);
        }
        self.rest = rest;
        match symbol {
            b'\'' => {
                if let [high, low, rest @ ..] = self.rest
                    && let (Some(high), Some(low)) = (hex(*high), hex(*low))
                {
                    self.rest = rest;
                    self.byte(high << 4 | low);
                }
            }
            // As bytes, since they may be the second half of a character.
            b'\\' | b'{' | b'}' => self.byte(symbol),
            // They only say where a line may end, which is of no use to who searches.
            b'~' => self.character(' '),
            b'_' => self.character('-'),
            b'\r' | b'\n' => self.separate("\n"),
            b'\t' => self.separate("\t"),
            b'*' => self.state.optional = true,
            _ => {}
        }
    }

    fn obey(&mut self, word: &[u8], number: Option<i32>) {
        if let Some(character) = character_of(word) {
            return self.character(character);
        }
        // The rules let any control word be one, but programs forget the stand-in and not the word.
        self.replaced = 0;
        let value = number.unwrap_or_default();
        let is_on = number != Some(0);
        // What came before is of the old font, and as visible as it was.
        if matches!(word, b"f" | b"plain" | b"v" | b"deleted") {
            self.decode();
        }
        match word {
            b"u" => self.unicode(value),
            b"uc" => self.state.fallback = value.max(0).unsigned_abs(),
            b"bin" => self.rest = self.rest.get(value.max(0) as usize..).unwrap_or_default(),
            b"par" | b"line" | b"lbr" | b"column" => self.separate("\n"),
            b"sect" | b"page" => self.separate("\n\n"),
            b"tab" => self.separate("\t"),
            b"cell" | b"nestcell" => self.separate(" | "),
            b"row" | b"nestrow" => {
                self.decode();
                if self.is_kept() {
                    self.text.truncate(self.text.trim_end_matches([' ', '|']).len());
                }
                self.add("\n");
            }
            b"f" => self.state.font = number,
            b"deff" => self.default_font = number,
            b"plain" => (self.state.font, self.state.hidden, self.state.deleted) = (None, false, false),
            b"v" => self.state.hidden = is_on,
            b"deleted" => self.state.deleted = is_on,
            b"ansicpg" => self.charset = Charset::of_page(value),
            b"mac" => self.charset = Charset::of_page(10000),
            b"pc" => self.charset = Charset::of_page(437),
            b"pca" => self.charset = Charset::of_page(850),
            b"fcharset" | b"cpg" if self.state.destination == Destination::Fonts => {
                let page = if word == b"cpg" { Some(value) } else { page_of_font(value) };
                if let (Some(font), Some(page)) = (self.state.font, page) {
                    self.fonts.insert(font, Charset::of_page(page));
                }
            }
            _ => self.enter(word, value),
        }
        self.state.optional = false;
    }

    /// A control word that may name the group it is in.
    fn enter(&mut self, word: &[u8], value: i32) {
        use Destination::{Date, Fact, Fonts, Info, Skipped, Text, Twice};
        let place = |names: [(&[u8], &str); 2]| names.iter().position(|(name, _)| *name == word);
        self.state.destination = match (self.state.destination, word) {
            // Where the text goes that is told twice.
            (Twice, b"ud") => self.outer.iter().nth_back(1).map_or(Skipped, |it| it.destination),
            (Skipped | Twice, _) => return,
            (Date(at), _) => {
                let parts: [&[u8]; 6] = [b"yr", b"mo", b"dy", b"hr", b"min", b"sec"];
                if let Some(part) = parts.iter().position(|it| *it == word) {
                    self.dates[at][part] = value;
                }
                return;
            }
            (_, b"upr") => Twice,
            (Text, b"fonttbl") => Fonts,
            (Text, b"info") => Info,
            (Info, _) if let Some(at) = place(FACTS) => Fact(at),
            (Info, _) if let Some(at) = place(DATES) => Date(at),
            (_, b"header" | b"headerl" | b"headerr" | b"headerf")
            | (_, b"footer" | b"footerl" | b"footerr" | b"footerf" | b"shptxt" | b"dptxbxtext") => {
                return self.set_apart("\n");
            }
            (_, b"footnote" | b"annotation") => return self.set_apart(" "),
            (_, b"shpinst" | b"do" | b"nesttableprops") => return,
            (_, word) if self.state.optional || is_skipped(word) => Skipped,
            _ => return,
        };
    }

    /// Keeps a group's words from running into those around it.
    fn set_apart(&mut self, by: &'static str) {
        self.decode();
        self.part(by);
        self.state.ending = by;
    }

    fn part(&mut self, by: &str) {
        if !self.text.ends_with(by) {
            self.add(by);
        }
    }

    /// A character by its number, or a half of it.
    fn unicode(&mut self, number: i32) {
        self.decode();
        // Numbers are of 16 bits with a sign, yet some programs write them without.
        let unit = if number < 0 { u32::from(number as u16) } else { number.unsigned_abs() };
        let high = self.high.take();
        let unit = match (high, unit) {
            (_, 0xd800..0xdc00) => {
                self.high = Some(unit);
                None
            }
            (Some(high), 0xdc00..0xe000) => Some(0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00)),
            // Bullets of the fonts Wingdings and Symbol, which mean nothing without them.
            (_, 0xf0a7 | 0xf0b7) => Some(0x2022),
            _ => Some(unit),
        };
        let character = unit.and_then(char::from_u32);
        if let Some(character) = character.filter(|it| !it.is_control() || matches!(it, '\t' | '\n')) {
            self.add(character.encode_utf8(&mut [0; 4]));
        }
        self.replaced = self.state.fallback;
    }

    /// A byte of text, unless it stands in for what is already there.
    fn byte(&mut self, byte: u8) {
        if self.replaced > 0 {
            self.replaced -= 1;
            return;
        }
        self.high = None;
        match byte {
            b'\r' | b'\n' => self.separate("\n"),
            b'\t' | b' '.. if self.is_kept() => self.encoded.push(byte),
            _ => {}
        }
    }

    /// A character that a control word or symbol names.
    fn character(&mut self, character: char) {
        if self.replaced > 0 {
            self.replaced -= 1;
            return;
        }
        self.separate(character.encode_utf8(&mut [0; 4]));
    }

    fn separate(&mut self, by: &str) {
        self.decode();
        self.high = None;
        self.add(by);
    }

    /// Turns the bytes gathered into text. To be called before the font changes, or where the text goes.
    fn decode(&mut self) {
        if self.encoded.is_empty() {
            return;
        }
        // Facts are in the code page of the document; its default font is for its text.
        let default_font = self.default_font.filter(|_| self.state.destination == Destination::Text);
        let font = self.state.font.or(default_font);
        let charset = font.and_then(|it| self.fonts.get(&it)).copied().unwrap_or(self.charset);
        let mut encoded = std::mem::take(&mut self.encoded);
        if let Charset::Unknown(page) = charset
            && !encoded.is_ascii()
        {
            self.unknown_page = Some(page);
        }
        self.add(&charset.decode(&encoded));
        encoded.clear();
        self.encoded = encoded;
    }

    fn is_kept(&self) -> bool {
        match self.state.destination {
            Destination::Text => !self.state.hidden && !self.state.deleted,
            destination => matches!(destination, Destination::Fact(_)),
        }
    }

    fn add(&mut self, words: &str) {
        if !self.is_kept() {
            return;
        }
        match self.state.destination {
            Destination::Fact(at) => self.facts[at].push_str(words),
            _ => self.text.push_str(words),
        }
        if self.text.len() >= PIECE {
            self.give();
        }
    }

    fn give(&mut self) {
        self.has_text |= !self.text.trim().is_empty();
        let mut rest = self.text.as_str();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
            (self.sink)(Extracted::Text(piece.to_owned()));
            rest = after;
        }
        self.text.clear();
    }
}

/// As ISO 8601 has it, in the author's own time: the zone is not told. The year 1601 stands for no date.
fn date([year, month, day, hour, minute, second]: [i32; 6]) -> Option<String> {
    let is_date = (1980..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    (is_date && is_time).then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text, and all else that is found.
    fn read_all(rtf: &[u8]) -> Result<(String, Vec<Extracted>), Unreadable> {
        let (mut text, mut others) = (String::new(), Vec::new());
        read(rtf, &Location::default(), &mut |it| match it {
            Extracted::Text(piece) => text.push_str(&piece),
            other => others.push(other),
        })?;
        Ok((text, others))
    }

    fn codes(found: &[Extracted]) -> Vec<&str> {
        let codes =
            found.iter().map(|it| if let Extracted::Warning(it) = it { it.code.as_str() } else { "" });
        codes.filter(|it| !it.is_empty()).collect()
    }

    /// What is inside `{\rtf1 …}`, and the text it is read as.
    fn check(table: &[(&[u8], &str)]) {
        for (rtf, expected) in table {
            let whole = [b"{\\rtf1", *rtf, b"}"].concat();
            let (text, others) = read_all(&whole).unwrap();
            assert_eq!(&text, expected, "{}", rtf.escape_ascii());
            assert_eq!(codes(&others), [""; 0], "{}", rtf.escape_ascii());
        }
    }

    /// A bit of everything.
    const SAMPLE: &[u8] = b"{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fcharset0 Arial;}{\\f1\\fcharset128 Gothic;}}\
        {\\info{\\title A \\'e9}{\\author {\\upr{B?}{\\*\\ud{B\\u960 ?}}}}{\\creatim\\yr2003\\mo1\\dy2\\hr3\\min4}\
        {\\revtim\\yr1601\\mo1\\dy1}{\\*\\company none}}{\\header top\\par}{\\f1\\'93\\'fa}\\u-10179?\\u-8704? \\v no\\v0\r\n\
        {\\pict\\bin5 }}}}}}\\trowd a\\cell b\\cell\\row{\\field{\\*\\fldinst LINK}{\\fldrslt there}}\\par}\0\0";

    #[test]
    fn facts_come_from_the_group_info() {
        let (text, found) = read_all(SAMPLE).unwrap();
        assert_eq!(text, "\ntop\n日😀 a | b\nthere\n");
        let fact = |name: &str, value: &str| Extracted::Fact(name.into(), value.into());
        let facts =
            [fact("title", "A é"), fact("author", "Bπ"), fact("created", "2003-01-02T03:04:00")].to_vec();
        assert_eq!(found, [vec![Extracted::Place(Location::default())], facts].concat());
        let other_font = br"{\rtf1\ansicpg1251\deff0{\fonttbl{\f0\fcharset0 A;}}{\info{\title \'e1}}}";
        assert!(read_all(other_font).unwrap().1.contains(&fact("title", "б")));
    }

    #[test]
    fn bytes_are_read_in_the_code_page_of_their_font() {
        check(&[
            (b" caf\\'e9 caf\xe9", "café café"),
            (b"\\ansicpg1251 \\'ef\xf0", "пр"),
            (br"\mac \'8e", "é"),
            (br"\pc \'82\'ff", "é\u{a0}"),
            (br"\pca \'b5", "Á"),
            (b"\\ansicpg65001 \xe2\x82\xac", "€"),
            // The font's own is before the document's; without one, the default font's.
            (br"\deff1{\fonttbl{\f0 A;}{\f1\fcharset161 B;}}\'e1{\f0\'e1}\'e1\f0\'e1\plain\'e1", "αáαáα"),
            (br"{\fonttbl\f0\fcharset204 A;\f1\fcharset0\cpg1250 B;}\f0\'ef\f1\'b3", "пł"),
            (br"\ansicpg932{\fonttbl{\f0\fcharset2 Symbol;}}\f0\'b7", "·"),
        ]);
    }

    #[test]
    fn two_bytes_make_one_character_of_chinese_japanese_and_korean() {
        check(&[
            // The second half may be a byte as it is, even one that is escaped.
            (b"\\ansicpg932 \\'93\\'fa\\'83A\\'83\\'5c\x83\\\\\x93\xfa", "日アソソ日"),
            (br"\ansicpg936 \'d6\'d0\'ce\'c4", "中文"),
            (br"\ansicpg949 \'c7\'d1", "한"),
            (b"\\ansicpg950 \\'a4\\'a4\\'a4\r\n\\'e5", "中文"),
            (br"{\fonttbl{\f9\fcharset129 B;}}\f9\'c7\'d1{\b\'c7\'d1}", "한한"),
        ]);
    }

    #[test]
    fn unicode_replaces_so_many_characters() {
        check(&[
            (br"\u960?x\u960 ?x\u960\'70x", "πxπxπx"),
            (br"\uc0\u960x\uc2\u960 ??x{\uc0\u960y}\u960 ??x", "πxπxπyπx"),
            (br"\uc2\u26085\'93\'fax", "日x"),
            (br"\u8212\emdash x\u960\par x", "—xπ\nx"),
            (br"{\u960}x \u960\u960?", "πx ππ"),
            (br"\u-10179\'3f\u-8704\'3f\u55357?\u56832?\u128512?", "😀😀😀"),
            (br"\u-10179?x\u-8704?\u0?\u-3913?", "x•"),
        ]);
    }

    #[test]
    fn what_nobody_sees_is_left_out() {
        check(&[
            (br"{\colortbl;\red0;}{\*\unknown no}{\stylesheet{\s1 Heading;}}a\v b\v0 c{\v d}\deleted e\plain f", "acf"),
            (br"{\*\shppict{\pict\bin3 }}} 00}}{\nonshppict{\pict 00}}a\bin2 \}b", "ab"),
            (br"{\object{\*\objdata 01}{\result a}}{\*\datastore 00}{\themedata 00}", "a"),
            (br"{\shp{\*\shpinst{\sp{\sn n}{\sv v}}{\shptxt in}}{\shprslt{\*\do in}}}b", "\nin\nb"),
            (br"{\upr{old}{\*\ud{new}}}{\footnote note}{\*\annotation a}b{\footer c}", "new note a b\nc\n"),
        ]);
    }

    #[test]
    fn cells_are_apart_and_rows_are_lines() {
        check(&[
            (
                b" a\\cell b\\cell\\row c\\nestcell{\\*\\nesttableprops\\nestrow}{\\nonesttables\\par}",
                "a | b\nc\n",
            ),
            (b" a\\tab b\\line c\\par d\\page e\\\r\nf\\~g\\_h\\-i\\{\\}\\\\", "a\tb\nc\nd\n\ne\nf g-hi{}\\"),
            (br"\lquote a\rquote\ldblquote\rdblquote\bullet\endash -b", "‘a’“”•–-b"),
        ]);
    }

    #[test]
    fn a_file_cut_anywhere_is_read_as_far_as_it_goes() {
        let whole = SAMPLE.len() - 2;
        for length in 0..whole {
            match read_all(&SAMPLE[..length]) {
                Ok((text, found)) => {
                    assert!(!text.trim().is_empty() && codes(&found) == ["damaged"], "{length}");
                }
                Err(error) => assert_eq!(error.code, "damaged", "{length}"),
            }
        }
        assert_eq!(read_all(b"\xef\xbb\xbfplain text").unwrap_err().code, "damaged");
    }

    #[test]
    fn no_flipped_bit_is_fatal() {
        for bit in 0..SAMPLE.len() * 8 {
            let mut bytes = SAMPLE.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let _ = read_all(&bytes);
        }
    }

    #[test]
    fn a_million_groups_are_refused_and_long_texts_come_in_pieces() {
        let nested = [&b"{\\rtf1"[..], &[b'{'; 1_000_000]].concat();
        assert_eq!(read_all(&nested).unwrap_err().code, "damaged");
        let long =
            [b"{\\rtf1 ", "é ".repeat(100_000).as_bytes(), &b"{}\\par ".repeat(100_000), b"}"].concat();
        let (mut longest, mut total) = (0, 0);
        read(&long, &Location::default(), &mut |it| {
            if let Extracted::Text(piece) = it {
                longest = longest.max(piece.len());
                total += piece.len();
            }
        })
        .unwrap();
        assert!(longest <= PIECE, "{longest}");
        assert_eq!(total, 100_000 * ("Ã© ".len() + 1));
    }

    #[test]
    fn an_unknown_code_page_is_told_if_it_mattered() {
        let (text, found) = read_all(br"{\rtf1\ansicpg852 a\'e9}").unwrap();
        assert_eq!((text.as_str(), codes(&found)), ("aé", vec!["encoding_guessed"]));
        assert!(codes(&read_all(br"{\rtf1\ansicpg852 a}").unwrap().1).is_empty());
    }
}
