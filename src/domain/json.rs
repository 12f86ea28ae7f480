//! Reading JSON.

use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, Visitor};

/// Reads from text, as islands read what the page gives them: so the bundle holds one reader for each type and
/// not two.
pub fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(text)
}

/// Reads a whole number, also one that is written as `3.0`: to JSON it is the same, and some languages write it so.
pub fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    deserializer.deserialize_u32(Whole)
}

/// The same where there may be none.
pub fn whole_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    struct Number(u32);

    impl<'de> Deserialize<'de> for Number {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            whole(deserializer).map(Self)
        }
    }

    Ok(Option::<Number>::deserialize(deserializer)?.map(|Number(number)| number))
}

struct Whole;

impl Visitor<'_> for Whole {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0 to 4294967295")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u32, E> {
        u32::try_from(number).map_err(|_| E::custom(format_args!("{number} is too large")))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u32, E> {
        u32::try_from(number).map_err(|_| E::custom(format_args!("{number} is not from 0 to 4294967295")))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<u32, E> {
        let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
        let wrong = || E::custom(format_args!("{number} is not a whole number from 0 to 4294967295"));
        fits.then_some(number as u32).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        let read = |text: &str| whole(&mut serde_json::Deserializer::from_str(text)).ok();
        for (text, number) in [
            ("3", Some(3)),
            ("3.0", Some(3)),
            ("4294967295", Some(u32::MAX)),
            ("4294967296", None),
            ("3.5", None),
            ("-1", None),
            ("-1.0", None),
            ("1e99", None),
            ("\"3\"", None),
        ] {
            assert_eq!(read(text), number, "{text}");
        }
        let none = whole_or_none(&mut serde_json::Deserializer::from_str("null"));
        assert_eq!(none.ok(), Some(None));
    }
}
