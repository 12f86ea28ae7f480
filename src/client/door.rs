//! The one door to a server: every request is made here, and every answer is read here.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ClientError, https};

type Result<T> = std::result::Result<T, ClientError>;

/// For calls that the server answers at once; an upload takes as long as it takes.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A server's address, with the key that opens it if there is one.
#[derive(Clone, Debug)]
pub struct Door {
    /// Sends the key with every request, marked so that nothing logs it.
    http: reqwest::Client,
    /// Without a slash at its end.
    url: String,
}

impl Door {
    /// The door of the server at `url`; connects with the first request. An empty key is none.
    pub fn new(url: &str, key: Option<&SecretString>) -> Result<Self> {
        let bad = |reason: String| ClientError::BadUrl { url: url.to_owned(), reason };
        let parsed = Url::parse(url).map_err(|error| bad(error.to_string()))?;
        let builder = match parsed.scheme() {
            "http" => https::trusting_nobody(),
            "https" => https::builder(),
            other => return Err(bad(format!("it starts with {other}://, only http:// and https:// work"))),
        };
        let mut builder = builder
            .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(key)?)
            .connect_timeout(Duration::from_secs(10));
        // A proxy set for the outer world cannot know this machine's own server.
        if parsed.host_str().is_some_and(is_loopback) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| bad(innermost(&error)))?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned() })
    }

    /// A request that is answered at once.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.upload(method, path).timeout(ANSWER_WITHIN)
    }

    /// A request that may take as long as it takes.
    pub fn upload(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: &impl Serialize) -> RequestBuilder {
        self.request(Method::POST, path).json(body)
    }

    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// Sends a request whose answer is JSON.
    pub async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let (status, body) = self.body(request).await?;
        serde_json::from_slice(&body).map_err(|_| self.strange(status, None, &body))
    }

    /// Sends a request whose answer says only that it is done.
    pub async fn done(&self, request: RequestBuilder) -> Result<()> {
        self.body(request).await.map(|_| ())
    }

    /// The body of an answer that says yes.
    async fn body(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>)> {
        let response = request.send().await.map_err(|error| self.failed(&error))?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let body = response.bytes().await.map_err(|error| self.failed(&error))?.to_vec();
        if status.is_success() {
            return Ok((status, body));
        }
        Err(match serde_json::from_slice(&body) {
            Ok(problem) => ClientError::Refused { problem: Box::new(problem), retry_after },
            Err(_) => self.strange(status, retry_after, &body),
        })
    }

    fn failed(&self, error: &reqwest::Error) -> ClientError {
        let (url, reason) = (self.url.clone(), innermost(error));
        if error.is_connect() {
            ClientError::Unreachable { url, reason }
        } else {
            ClientError::Broken { url, reason }
        }
    }

    fn strange(&self, status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> ClientError {
        let start = String::from_utf8_lossy(body).trim().chars().take(200).collect();
        ClientError::Strange { url: self.url.clone(), status, retry_after, start }
    }
}

fn headers(key: Option<&SecretString>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some(key) = key.map(|key| key.expose_secret().trim()).filter(|key| !key.is_empty()) {
        let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| ClientError::BadKey)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

/// The cause at the bottom, such as "Connection refused": those above it only say that there is one.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_checked_before_the_first_call() {
        for (url, part) in [("8011", "not the address"), ("ftp://localhost:8011", "only http://")] {
            assert!(Door::new(url, None).unwrap_err().to_string().contains(part), "{url}");
        }
        assert_eq!(Door::new("http://localhost:8011/", None).unwrap().url, "http://localhost:8011");
        assert_eq!(Door::new("https://sluice.example", None).unwrap().url, "https://sluice.example");
    }

    #[test]
    fn a_key_is_sent_and_never_shown() {
        let key = SecretString::from(" sl_secret\n");
        let sent = headers(Some(&key)).unwrap();
        assert_eq!(sent[AUTHORIZATION], "Bearer sl_secret");
        let door = Door::new("http://localhost:8011", Some(&key)).unwrap();
        for shown in [format!("{sent:?}"), format!("{door:?}"), format!("{key:?}")] {
            assert!(!shown.contains("sl_secret"), "{shown}");
        }
        let error = headers(Some(&"sl_se\ncret".into())).unwrap_err().to_string();
        assert!(error.contains("characters") && !error.contains("sl_"), "{error}");
        assert!(headers(Some(&"".into())).unwrap().is_empty());
    }

    #[test]
    fn this_machine_is_recognised() {
        for (host, expected) in
            [("localhost", true), ("127.0.0.1", true), ("[::1]", true), ("10.0.0.1", false)]
        {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }
}
