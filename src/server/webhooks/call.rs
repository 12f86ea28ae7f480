//! One call of a receiver.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use url::Url;

use super::address::AllowedAddresses;
use super::callback::check_literal;
use super::names::{Blocked, GuardedResolver, Names};
use super::sign::Secrets;
use crate::client::https;
use crate::domain::WebhookId;
use crate::server::store::DueWebhook;

/// How long a connection may take, with the lookup of its name, and all of a call.
const CONNECT: Duration = Duration::from_secs(5);
const CALL: Duration = Duration::from_secs(15);

/// How a call went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// The receiver has it.
    Delivered(u16),
    /// The receiver answered that it does not, and perhaps when to come back.
    Refused(u16, Option<Duration>),
    /// There was no answer, for this reason.
    Unreachable(String),
    /// Nothing was sent, because the address is not public.
    Blocked(String),
}

impl Called {
    /// The names of all that can happen, as metrics have them.
    pub const NAMES: [&'static str; 4] = ["delivered", "refused", "unreachable", "blocked"];

    pub fn name(&self) -> &'static str {
        match self {
            Self::Delivered(_) => "delivered",
            Self::Refused(..) => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Blocked(_) => "blocked",
        }
    }

    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Delivered(status) | Self::Refused(status, _) => Some(*status),
            Self::Unreachable(_) | Self::Blocked(_) => None,
        }
    }

    /// Why it did not succeed, in a sentence; empty if it did.
    pub fn error(&self) -> String {
        match self {
            Self::Delivered(_) => String::new(),
            Self::Refused(status @ 300..=399, _) => {
                format!("The receiver answered {status}; redirects are not followed.")
            }
            Self::Refused(410, _) => "The receiver answered 410: it wants no more.".to_owned(),
            Self::Refused(status, _) => format!("The receiver answered {status}."),
            Self::Unreachable(reason) => format!("The receiver could not be reached: {reason}."),
            Self::Blocked(reason) => {
                format!("Nothing was sent: {reason}, and --webhook-networks does not allow it.")
            }
        }
    }
}

/// Calls receivers.
#[derive(Clone, Debug)]
pub struct Caller {
    http: Client,
    secrets: Secrets,
    allowed: AllowedAddresses,
}

impl Caller {
    /// `at_once` is how many calls there will be at the same time.
    pub fn new(secrets: Secrets, allowed: AllowedAddresses, at_once: usize) -> reqwest::Result<Self> {
        let build = |builder: reqwest::ClientBuilder| {
            let resolver = GuardedResolver::new(Names::new(at_once), allowed.clone(), CONNECT);
            builder
                .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
                // What a proxy reaches is beyond our checks, and so is where a redirect leads.
                .no_proxy()
                .redirect(Policy::none())
                .dns_resolver(resolver)
                .connect_timeout(CONNECT)
                .timeout(CALL)
                .pool_max_idle_per_host(1)
                .build()
        };
        let http = build(https::builder()).or_else(|error| {
            // An image with nothing in it has no authorities, and yet may call http receivers.
            tracing::warn!(cause = innermost(&error), "webhooks cannot be sent to https addresses");
            build(https::trusting_nobody())
        })?;
        Ok(Self { http, secrets, allowed })
    }

    /// Sends a delivery, once.
    pub async fn call(&self, webhook: &DueWebhook, now: DateTime<Utc>) -> Called {
        let Ok(url) = Url::parse(&webhook.url) else {
            return Called::Unreachable("its URL cannot be read".to_owned());
        };
        // The resolver never sees these.
        if let Err(error) = check_literal(&url, &self.allowed) {
            tracing::debug!(webhook.id = %webhook.id, %error, "a webhook was not sent");
            let host = url.host_str().unwrap_or_default().to_owned();
            return Called::Blocked(Blocked(host).to_string());
        }
        match self.send(url, webhook.id, &webhook.body, now).await {
            Ok(answer) if answer.status().is_success() => Called::Delivered(answer.status().as_u16()),
            Ok(answer) => Called::Refused(answer.status().as_u16(), asked_wait(&answer, now)),
            Err(error) => match blocked(&error) {
                Some(blocked) => Called::Blocked(blocked.to_string()),
                None if error.is_timeout() => Called::Unreachable("it took too long".to_owned()),
                None => Called::Unreachable(innermost(&error)),
            },
        }
    }

    async fn send(
        &self,
        url: Url,
        id: WebhookId,
        body: &str,
        now: DateTime<Utc>,
    ) -> reqwest::Result<Response> {
        let (id, timestamp) = (id.to_string(), now.timestamp());
        let signature = self.secrets.sign(&id, timestamp, body);
        let request = self.http.post(url).header(CONTENT_TYPE, "application/json").body(body.to_owned());
        let request = request.header("webhook-id", id).header("webhook-timestamp", timestamp.to_string());
        request.header("webhook-signature", signature).send().await
    }
}

/// When a busy receiver wants to be asked again.
fn asked_wait(answer: &Response, now: DateTime<Utc>) -> Option<Duration> {
    if !matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    wait_until(answer.headers().get(RETRY_AFTER)?.to_str().ok()?, now)
}

/// Reads `Retry-After`: seconds, or a date.
fn wait_until(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    (at.to_utc() - now).to_std().ok()
}

fn blocked(error: &reqwest::Error) -> Option<&Blocked> {
    causes(error).find_map(|it| it.downcast_ref())
}

/// The cause at the bottom, such as "Connection refused (os error 111)"; those above it name the URL, or nothing.
fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = error;
    std::iter::successors(Some(first), |it| (*it).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_says_when_to_come_back_in_seconds_or_by_a_date() {
        let now = DateTime::from_timestamp(784_111_777, 0).unwrap();
        for (text, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:40:00 GMT", None),
            ("-1", None),
            ("soon", None),
        ] {
            assert_eq!(wait_until(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
