//! Office files with a password.

use super::{Within, archive};

/// How old Office files begin, and new ones that are encrypted.
pub const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// The file without its encryption, if there is one and a password that opens it; else the file as it is, of which
/// its reader says why it cannot be read.
pub fn opened(bytes: Vec<u8>, within: &Within<'_>) -> Vec<u8> {
    let Some(password) = within.password.filter(|_| bytes.starts_with(COMPOUND)) else { return bytes };
    let plain = office_crypto::decrypt_from_bytes(bytes.clone(), password).ok();
    // A password that is wrong may give nonsense.
    plain.filter(|it| archive::is_zip(it) || it.starts_with(COMPOUND)).unwrap_or(bytes)
}
