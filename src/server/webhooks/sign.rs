//! Signatures by which a receiver knows that a webhook is ours, as Standard Webhooks has them.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// What secrets begin with, so that people and scanners know one when they see it.
const PREFIX: &str = "whsec_";

/// How many bytes a secret has.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// The secrets that sign: usually one, and while it is exchanged two. Each is held as what it makes of nothing yet.
#[derive(Clone, Default)]
pub struct Secrets(Vec<Hmac<Sha256>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

/// Why a secret cannot be used. The secret itself is not told.
#[derive(Debug, thiserror::Error)]
#[error(
    "a webhook secret cannot be used: each is whsec_ and the base64 of 24 to 64 random bytes, as `echo whsec_$(openssl \
     rand -base64 32)` makes one"
)]
pub struct BadSecret;

impl Secrets {
    /// Reads secrets in their text form; empty ones are none.
    pub fn parse(texts: &[SecretString]) -> Result<Self, BadSecret> {
        let texts = texts.iter().map(|it| it.expose_secret().trim()).filter(|it| !it.is_empty());
        texts.map(secret).collect::<Result<_, _>>().map(Self)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of `webhook-signature`: one signature for each secret.
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let signatures = self.0.iter().map(|secret| {
            let signed = secret.clone().chain_update(format!("{id}.{timestamp}.")).chain_update(body);
            format!("v1,{}", STANDARD.encode(signed.finalize().into_bytes()))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

fn secret(text: &str) -> Result<Hmac<Sha256>, BadSecret> {
    let bytes = text.strip_prefix(PREFIX).and_then(|base64| STANDARD.decode(base64).ok());
    let bytes = bytes.filter(|it| LENGTHS.contains(&it.len())).ok_or(BadSecret)?;
    Hmac::new_from_slice(&bytes).map_err(|_| BadSecret)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn secrets(texts: &[&str]) -> Result<Secrets, BadSecret> {
        Secrets::parse(&texts.iter().map(|it| SecretString::from(*it)).collect::<Vec<_>>())
    }

    #[test]
    fn signatures_are_those_of_the_standards_own_library() {
        let sign = |texts: &[&str]| {
            let body = r#"{"email":"test@example.com","username":"test_user"}"#;
            secrets(texts).unwrap().sign("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body)
        };
        let expected = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
        assert_eq!(sign(&[SECRET]), expected);
        let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let both = sign(&[other, SECRET]);
        assert_eq!(both.split(' ').collect::<Vec<_>>(), [sign(&[other]).as_str(), expected]);
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_told() {
        assert!(secrets(&[""]).unwrap().is_empty());
        for text in
            ["C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64 at all!!"]
        {
            let error = secrets(&[SECRET, text]).unwrap_err().to_string();
            assert!(!error.contains(text.trim_start_matches(PREFIX)) || text == PREFIX, "{error}");
        }
        assert!(!format!("{:?}", secrets(&[SECRET]).unwrap()).contains("C2FV"));
    }
}
