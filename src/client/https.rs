//! Where every HTTP client of this program begins: with one provider of cryptography, chosen here.

use reqwest::{Certificate, ClientBuilder};

/// The builder of a client that trusts whom the system trusts, a company's own authorities among them.
pub fn builder() -> ClientBuilder {
    // Fails when that was done before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// The builder of a client that need trust nobody, as it speaks `http://` only: nothing is read from the system.
pub fn trusting_nobody() -> ClientBuilder {
    builder().tls_certs_only(std::iter::empty::<Certificate>())
}
