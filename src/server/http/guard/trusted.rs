//! Where a request was sent to and where it comes from. A page of another site can make a browser send requests to
//! this server; they are told by what browsers say of them, not by tokens in forms.

use std::net::{IpAddr, SocketAddr};

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use crate::domain::Problem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The places that are taken for this server's own.
#[derive(Debug)]
pub struct TrustedPlaces {
    /// The hosts requests may name; any, if there are none.
    hosts: Vec<String>,
    /// It listens on this machine alone.
    is_local: bool,
    /// Other origins whose pages may use the API.
    origins: Vec<String>,
}

impl TrustedPlaces {
    pub fn new(addr: SocketAddr, allowed_hosts: &[String], cors_origins: &[String]) -> Self {
        Self {
            hosts: allowed_hosts.iter().map(|it| it.to_ascii_lowercase()).collect(),
            is_local: addr.ip().is_loopback(),
            origins: cors_origins.iter().map(|it| it.trim_end_matches('/').to_ascii_lowercase()).collect(),
        }
    }

    /// Other origins whose pages may use the API.
    pub fn origins(&self) -> Vec<HeaderValue> {
        self.origins.iter().filter_map(|it| it.parse().ok()).collect()
    }

    /// Fails for a request that names another host: by DNS rebinding, the page of a site whose name was made to
    /// lead here is for its browser the same site as this server.
    pub fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let in_headers = headers.get_all(header::HOST).iter();
        let mut named = uri.host().map(str::to_owned).into_iter().collect::<Vec<_>>();
        for value in in_headers {
            let authority = value.to_str().ok().and_then(|it| it.parse::<Authority>().ok());
            let Some(authority) = authority else {
                return Err(Problem::new(400, "invalid_host", "The Host header is not a host."));
            };
            named.push(authority.host().to_owned());
        }
        match named.iter().find(|host| !self.is_ours(&host.to_ascii_lowercase())) {
            None => Ok(()),
            Some(host) => Err(Problem::new(
                421,
                "host_not_allowed",
                format!(
                    "This server is not {host}. If that is its name, the operator allows it with --allowed-hosts {host}."
                ),
            )),
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let any = self.hosts.is_empty() && !self.is_local;
        any || is_this_machine(host) || self.hosts.iter().any(|it| it == host)
    }

    /// Fails for a request that changes something and that a page of another site made the browser send.
    ///
    /// As Go's `http.CrossOriginProtection` does it: browsers say by `Sec-Fetch-Site` where a request comes from,
    /// older ones by `Origin`; what says neither is no browser.
    pub fn check_origin(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        let text = |name| headers.get(name).map(|it| it.to_str().unwrap_or("null"));
        let origin = text(header::ORIGIN).map(str::to_ascii_lowercase);
        if origin.as_ref().is_some_and(|it| self.origins.contains(it)) {
            return Ok(());
        }
        let is_own = match (text(SEC_FETCH_SITE), &origin) {
            (Some(site), _) => matches!(site, "same-origin" | "none"),
            (None, Some(origin)) => {
                let host = text(header::HOST).map(str::to_ascii_lowercase);
                origin.split_once("://").map(|(_, host)| host) == host.as_deref()
            }
            (None, None) => true,
        };
        if is_own {
            return Ok(());
        }
        let detail = format!(
            "A page of another site ({}) sent this. If it may, the operator allows its origin with --cors-origins.",
            origin.as_deref().unwrap_or("which it does not say")
        );
        Err(Problem::new(403, "cross_origin", detail))
    }
}

/// Whether a host is a name that always means the machine it is asked on.
fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(addr: &str, hosts: &[&str]) -> TrustedPlaces {
        let hosts: Vec<String> = hosts.iter().map(|it| (*it).to_owned()).collect();
        TrustedPlaces::new(addr.parse().unwrap(), &hosts, &["https://friend.example".to_owned()])
    }

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        list.iter().map(pair).collect()
    }

    #[test]
    fn on_loopback_only_its_own_names_and_those_allowed_lead_in() {
        let places = trusted("127.0.0.1:8011", &["Sluice.example"]);
        for (host, is_ours) in [
            ("127.0.0.1:8011", true),
            ("localhost:8011", true),
            ("LOCALHOST", true),
            ("app.localhost", true),
            ("[::1]:8011", true),
            ("sluice.example", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example:8011", false),
            ("192.168.0.7", false),
            ("", false),
        ] {
            let checked = places.check_host(&Uri::from_static("/jobs"), &headers(&[("host", host)]));
            assert_eq!(checked.is_ok(), is_ours, "{host:?}");
        }
        assert!(places.check_host(&Uri::from_static("http://evil.example/jobs"), &HeaderMap::new()).is_err());
        let mut both = headers(&[("host", "localhost")]);
        both.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert!(places.check_host(&Uri::from_static("/jobs"), &both).is_err());
    }

    #[test]
    fn elsewhere_any_name_leads_in_unless_some_are_allowed() {
        let named = headers(&[("host", "files.example")]);
        let uri = Uri::from_static("/jobs");
        assert!(trusted("0.0.0.0:8011", &[]).check_host(&uri, &named).is_ok());
        assert!(trusted("0.0.0.0:8011", &["sluice.example"]).check_host(&uri, &named).is_err());
    }

    #[test]
    fn another_sites_page_changes_nothing() {
        let places = trusted("127.0.0.1:8011", &[]);
        for (list, may) in [
            (&[("host", "localhost:8011")][..], true),
            (&[("host", "localhost:8011"), ("sec-fetch-site", "same-origin")], true),
            (&[("host", "localhost:8011"), ("sec-fetch-site", "none")], true),
            (&[("host", "localhost:8011"), ("sec-fetch-site", "same-site")], false),
            (&[("host", "localhost:8011"), ("sec-fetch-site", "cross-site")], false),
            (&[("host", "localhost:8011"), ("origin", "http://localhost:8011")], true),
            (&[("host", "localhost:8011"), ("origin", "http://localhost:3000")], false),
            (&[("host", "localhost:8011"), ("origin", "null")], false),
            (&[("host", "localhost:8011"), ("origin", "http://evil.example")], false),
            (
                &[
                    ("host", "localhost:8011"),
                    ("origin", "https://friend.example"),
                    ("sec-fetch-site", "cross-site"),
                ],
                true,
            ),
        ] {
            assert_eq!(places.check_origin(&Method::POST, &headers(list)).is_ok(), may, "{list:?}");
            assert!(places.check_origin(&Method::GET, &headers(list)).is_ok());
        }
    }
}
