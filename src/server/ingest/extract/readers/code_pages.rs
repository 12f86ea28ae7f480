//! Code pages by the numbers Windows gives them, for RTF.

use std::borrow::Cow;

use encoding_rs::Encoding;

/// How bytes become characters.
#[derive(Clone, Copy)]
pub enum Charset {
    Known(&'static Encoding),
    /// The characters of the bytes from 128 on.
    Table(&'static str),
    /// Read as windows-1252, with a warning.
    Unknown(i32),
}

/// The upper halves of the code pages of DOS, which `encoding_rs` has not.
const PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const PAGE_850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

impl Charset {
    pub fn of_page(page: i32) -> Self {
        Self::Known(match page {
            0 => encoding_rs::WINDOWS_1252,
            437 => return Self::Table(PAGE_437),
            850 => return Self::Table(PAGE_850),
            866 => encoding_rs::IBM866,
            932 => encoding_rs::SHIFT_JIS,
            936 => encoding_rs::GBK,
            950 => encoding_rs::BIG5,
            10000 => encoding_rs::MACINTOSH,
            10007 => encoding_rs::X_MAC_CYRILLIC,
            54936 => encoding_rs::GB18030,
            65001 => encoding_rs::UTF_8,
            // 874, 949 and 1250 to 1258.
            _ => match Encoding::for_label(format!("windows-{page}").as_bytes()) {
                Some(encoding) => encoding,
                None => return Self::Unknown(page),
            },
        })
    }

    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Known(encoding) => encoding.decode_without_bom_handling(bytes).0,
            Self::Unknown(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
            Self::Table(upper) => {
                let character = |byte: &u8| match byte.checked_sub(128) {
                    Some(place) => upper.chars().nth(place.into()).unwrap_or(char::REPLACEMENT_CHARACTER),
                    None => char::from(*byte),
                };
                bytes.iter().map(character).collect()
            }
        }
    }
}

/// The code page of a font, by its `\fcharset`; `None` for the document's own.
pub fn page_of_font(charset: i32) -> Option<i32> {
    FONT_PAGES.iter().find(|(it, _)| *it == charset).map(|(_, page)| *page)
}

/// Fonts of symbols, 2, have no page. This one knows their bullet, 183, whatever the document's is.
#[rustfmt::skip]
const FONT_PAGES: [(i32, i32); 23] = [
    (0, 1252), (2, 1252), (77, 10000), (78, 932), (79, 950), (80, 949), (84, 10007), (128, 932),
    (129, 949), (130, 1361), (134, 936), (136, 950), (161, 1253), (162, 1254), (163, 1258), (177, 1255),
    (178, 1256), (186, 1257), (204, 1251), (222, 874), (238, 1250), (254, 437), (255, 850),
];
