//! The language of a text.

use whatlang::{Lang, Script};

/// So much of a text is enough to tell, in bytes.
pub const ENOUGH: usize = 4096;

/// Letters that are needed to tell languages of one script apart.
const LEAST_LETTERS: usize = 150;

/// The language of a text as its ISO 639-1 code, if it can be told with some certainty.
pub fn of(sample: &str) -> Option<&'static str> {
    let found = whatlang::detect(sample).filter(whatlang::Info::is_reliable)?;
    // Languages that share a script are told apart by how often letters follow each other.
    let shared =
        matches!(found.script(), Script::Latin | Script::Cyrillic | Script::Arabic | Script::Devanagari);
    if shared && sample.chars().filter(|it| it.is_alphabetic()).count() < LEAST_LETTERS {
        return None;
    }
    CODES.iter().find(|(lang, _)| *lang == found.lang()).map(|(_, code)| *code)
}

/// whatlang knows three letters, everyone else two.
const CODES: [(Lang, &str); 70] = [
    (Lang::Afr, "af"),
    (Lang::Aka, "ak"),
    (Lang::Amh, "am"),
    (Lang::Ara, "ar"),
    (Lang::Aze, "az"),
    (Lang::Bel, "be"),
    (Lang::Ben, "bn"),
    (Lang::Bul, "bg"),
    (Lang::Cat, "ca"),
    (Lang::Ces, "cs"),
    (Lang::Cmn, "zh"),
    (Lang::Cym, "cy"),
    (Lang::Dan, "da"),
    (Lang::Deu, "de"),
    (Lang::Ell, "el"),
    (Lang::Eng, "en"),
    (Lang::Epo, "eo"),
    (Lang::Est, "et"),
    (Lang::Fin, "fi"),
    (Lang::Fra, "fr"),
    (Lang::Guj, "gu"),
    (Lang::Heb, "he"),
    (Lang::Hin, "hi"),
    (Lang::Hrv, "hr"),
    (Lang::Hun, "hu"),
    (Lang::Hye, "hy"),
    (Lang::Ind, "id"),
    (Lang::Ita, "it"),
    (Lang::Jav, "jv"),
    (Lang::Jpn, "ja"),
    (Lang::Kan, "kn"),
    (Lang::Kat, "ka"),
    (Lang::Khm, "km"),
    (Lang::Kor, "ko"),
    (Lang::Lat, "la"),
    (Lang::Lav, "lv"),
    (Lang::Lit, "lt"),
    (Lang::Mal, "ml"),
    (Lang::Mar, "mr"),
    (Lang::Mkd, "mk"),
    (Lang::Mya, "my"),
    (Lang::Nep, "ne"),
    (Lang::Nld, "nl"),
    (Lang::Nob, "nb"),
    (Lang::Ori, "or"),
    (Lang::Pan, "pa"),
    (Lang::Pes, "fa"),
    (Lang::Pol, "pl"),
    (Lang::Por, "pt"),
    (Lang::Ron, "ro"),
    (Lang::Rus, "ru"),
    (Lang::Sin, "si"),
    (Lang::Slk, "sk"),
    (Lang::Slv, "sl"),
    (Lang::Sna, "sn"),
    (Lang::Spa, "es"),
    (Lang::Srp, "sr"),
    (Lang::Swe, "sv"),
    (Lang::Tam, "ta"),
    (Lang::Tel, "te"),
    (Lang::Tgl, "tl"),
    (Lang::Tha, "th"),
    (Lang::Tuk, "tk"),
    (Lang::Tur, "tr"),
    (Lang::Ukr, "uk"),
    (Lang::Urd, "ur"),
    (Lang::Uzb, "uz"),
    (Lang::Vie, "vi"),
    (Lang::Yid, "yi"),
    (Lang::Zul, "zu"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_told_by_a_few_sentences_and_not_by_a_few_words() {
        for (text, expected) in [
            (
                "Der Schleusenwärter öffnet das Tor, und das Schiff fährt in die Kammer ein. Dann steigt das \
                 Wasser, bis es so hoch steht wie im oberen Teil des Kanals, und das andere Tor geht auf. So \
                 kommt das Schiff über den Berg, ohne dass es jemand trägt.",
                Some("de"),
            ),
            ("Der Schleusenwärter öffnet das Tor.", None),
            (
                "The keeper opens the gate, and the boat goes into the lock without a word. Then the water \
                 rises, and what was far below is soon where it should be. The other gate opens, and they go on \
                 through the hills until the evening, when the next lock is closed for the night.",
                Some("en"),
            ),
            ("船が閘門に入ると、水門がゆっくりと閉まります。", Some("ja")),
            ("12 34 56", None),
            ("", None),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
