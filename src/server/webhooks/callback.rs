//! Where webhooks may be sent, checked before a job is accepted.

use std::net::Ipv4Addr;
use std::time::Duration;

use url::{Host, Url};

use super::address::AllowedAddresses;
use super::names::Names;

/// The longest URL, in bytes.
pub const LONGEST: usize = 2048;

/// How long a lookup may keep a request waiting.
const LOOKUP: Duration = Duration::from_secs(2);

/// Lookups for requests at the same time.
const LOOKUPS: usize = 16;

/// Why nobody is told at a URL.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    #[error(
        "This server sends no webhooks, so it takes no callback_url. The operator turns them on with \
         --webhook-secrets; without callback_url the job is taken."
    )]
    Off,
    #[error("callback_url {0}. Send an http or https URL such as https://app.example/hooks/sluice.")]
    Invalid(&'static str),
    #[error(
        "callback_url leads to {0}, which is not a public address. The operator allows private ones with \
         --webhook-networks."
    )]
    NotAllowed(String),
}

/// The URLs that jobs are told to, and the rule for those that requests bring.
#[derive(Clone, Debug)]
pub struct Callbacks {
    /// Nothing where webhooks are off.
    on: Option<On>,
}

#[derive(Clone, Debug)]
struct On {
    /// Told of every job.
    all: Vec<String>,
    allowed: AllowedAddresses,
    names: Names,
}

impl Callbacks {
    /// Takes none, and nobody is told.
    pub fn off() -> Self {
        Self { on: None }
    }

    /// Jobs are told to `all`, and to what requests bring. Fails with the first of `all` that cannot be used.
    pub fn new(all: &[String], allowed: AllowedAddresses) -> Result<Self, (String, CallbackError)> {
        let mut good = Vec::new();
        for url in all {
            let read = read(url).and_then(|url| check_literal(&url, &allowed).map(|()| url));
            good.push(read.map_err(|error| (url.clone(), error))?.to_string());
        }
        Ok(Self { on: Some(On { all: good, allowed, names: Names::new(LOOKUPS) }) })
    }

    /// The URL that a request brings, in the form in which it is kept.
    pub async fn check(&self, wanted: &str) -> Result<String, CallbackError> {
        let on = self.on.as_ref().ok_or(CallbackError::Off)?;
        let url = read(wanted)?;
        check_literal(&url, &on.allowed)?;
        if let Some(Host::Domain(name)) = url.host() {
            // One that is not found now may be later, and is looked up again then.
            let mut found = on.names.addresses(name, LOOKUP).await.unwrap_or_default();
            // By its meaning, whether or not the system knows it.
            if format!(".{}", name.trim_end_matches('.')).ends_with(".localhost") {
                found.push(Ipv4Addr::LOCALHOST.into());
            }
            if !found.into_iter().all(|it| on.allowed.contains(it)) {
                return Err(CallbackError::NotAllowed(name.to_owned()));
            }
        }
        Ok(url.to_string())
    }

    /// Everyone who is told of a job for which a request brought this URL, each once.
    pub fn with(&self, wanted: Option<String>) -> Vec<String> {
        let mut all = self.on.as_ref().map(|it| it.all.clone()).unwrap_or_default();
        all.extend(wanted);
        let mut seen = std::collections::HashSet::new();
        all.retain(|it| seen.insert(it.clone()));
        all
    }
}

/// Reads a URL that could be called.
fn read(text: &str) -> Result<Url, CallbackError> {
    if text.len() > LONGEST {
        return Err(CallbackError::Invalid("is longer than 2048 bytes"));
    }
    // The standard of browsers leaves some out and takes others for slashes; that is not ours to guess.
    if text.contains(|it: char| it.is_whitespace() || it.is_control() || it == '\\') {
        return Err(CallbackError::Invalid("has white space, control characters or backslashes in it"));
    }
    let url = Url::parse(text).map_err(|_| CallbackError::Invalid("is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(CallbackError::Invalid("is of another kind"));
    }
    if !text[url.scheme().len()..].starts_with("://") {
        return Err(CallbackError::Invalid("lacks the // before its host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CallbackError::Invalid("has a user name or a password in it"));
    }
    if url.as_str().len() > LONGEST {
        return Err(CallbackError::Invalid("is longer than 2048 bytes once it is escaped"));
    }
    url.host().is_some().then_some(url).ok_or(CallbackError::Invalid("names no host"))
}

/// Who receives what is sent to a URL: its scheme, host and port. What is no URL is a receiver of its own, which will
/// not be found.
pub fn origin(url: &str) -> String {
    Url::parse(url).map_or_else(|_| url.to_owned(), |it| it.origin().ascii_serialization())
}

/// Fails for a URL whose host is an address that may not be reached. Names are another matter.
pub fn check_literal(url: &Url, allowed: &AllowedAddresses) -> Result<(), CallbackError> {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
        _ => return Ok(()),
    };
    if allowed.contains(address) { Ok(()) } else { Err(CallbackError::NotAllowed(address.to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn checked(networks: &[&str], url: &str) -> Result<String, CallbackError> {
        let networks: Vec<_> = networks.iter().map(|it| it.parse().unwrap()).collect();
        Callbacks::new(&[], AllowedAddresses::new(&networks)).unwrap().check(url).await
    }

    #[tokio::test]
    async fn what_could_not_be_called_is_invalid() {
        let long = format!("http://1.1.1.1/{}", "a".repeat(LONGEST));
        let escaped = format!("http://1.1.1.1/{}", "ä".repeat(LONGEST / 3));
        for url in [
            "",
            "1.1.1.1",
            "/hooks",
            "ftp://1.1.1.1/",
            "file:///etc/passwd",
            "gopher://1.1.1.1/",
            "unix:/run/docker.sock",
            "javascript:alert(1)",
            "http://",
            "http://user@1.1.1.1/",
            "http://user:password@1.1.1.1/",
            "http://1.1.1.1:99999/",
            "http://1.1.1.1.1/",
            "http://[::1/",
            "http://a b/",
            " http://1.1.1.1/",
            "http://1.1\t.1.1/",
            "http:\\\\1.1.1.1\\",
            "http:1.1.1.1",
            "http:/1.1.1.1/",
            &long,
            &escaped,
        ] {
            assert!(matches!(checked(&[], url).await, Err(CallbackError::Invalid(_))), "{url}");
        }
    }

    #[tokio::test]
    async fn this_machine_is_not_called_by_any_of_its_names() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://017700000001:8011/jobs",
            "http://0/",
            "http://0.0.0.0/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://１２７.０.０.１/",
            "http://127。0。0。1/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://app.localhost/",
            "https://localhost:8011/?a=b",
            "http://169.254.169.254/latest/meta-data/",
            "http://[fd00:ec2::254]/",
        ] {
            let refused = checked(&["10.0.0.0/8"], url).await;
            assert!(matches!(refused, Err(CallbackError::NotAllowed(_))), "{url}: {refused:?}");
        }
    }

    #[tokio::test]
    async fn what_may_be_called_is_kept_in_its_plain_form() {
        for (url, kept) in [
            ("HTTPS://1.1.1.1/Hooks?key=A#b", "https://1.1.1.1/Hooks?key=A#b"),
            ("http://0x7f.1:80", "http://127.0.0.1/"),
            ("http://[::ffff:127.0.0.1]:81/", "http://[::ffff:7f00:1]:81/"),
            ("http://nowhere.invalid/", "http://nowhere.invalid/"),
        ] {
            assert_eq!(checked(&["127.0.0.0/8"], url).await.unwrap(), kept);
        }
    }

    #[test]
    fn everyone_is_told_once() {
        let all = ["https://a.example".to_owned(), "https://a.example/".to_owned()];
        let callbacks = Callbacks::new(&all, AllowedAddresses::default()).unwrap();
        let told = callbacks.with(Some("https://b.example/".to_owned()));
        assert_eq!(told, ["https://a.example/", "https://b.example/"]);
        assert_eq!(callbacks.with(Some("https://a.example/".to_owned())), ["https://a.example/"]);
        assert!(Callbacks::off().with(None).is_empty());
    }
}
