//! When to try a call again, and when to give up.

use std::time::{Duration, Instant};

use super::ClientError;

/// How long a server may be away: a restart with recovery takes less.
const AWAY: Duration = Duration::from_secs(30);
/// How long a server may say that it is busy. A full queue of large files takes its time.
const BUSY: Duration = Duration::from_secs(30 * 60);
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Counts the tries of one call.
#[derive(Debug)]
pub struct Patience {
    /// Since when this call fails.
    failing_since: Option<Instant>,
    wait: Duration,
    /// Whether the call may be made twice.
    repeatable: bool,
}

impl Patience {
    /// For a call that changes nothing: any failure of the connection is worth another try.
    pub fn reading() -> Self {
        Self { failing_since: None, wait: SHORTEST_WAIT, repeatable: true }
    }

    /// For a call that makes a job: it is repeated only when the server surely did not take it.
    pub fn sending() -> Self {
        Self { repeatable: false, ..Self::reading() }
    }

    /// How long to wait before the next try, or `None` to give up.
    pub fn after(&mut self, error: &ClientError, now: Instant) -> Option<Duration> {
        let away = matches!(error, ClientError::Unreachable { .. })
            || self.repeatable && matches!(error, ClientError::Broken { .. });
        let limit = match error {
            _ if error.is_busy() => BUSY,
            _ if away => AWAY,
            _ => return None,
        };
        let since = *self.failing_since.get_or_insert(now);
        if now.duration_since(since) >= limit {
            return None;
        }
        let wait = error.retry_after().unwrap_or(self.wait).clamp(SHORTEST_WAIT, LONGEST_WAIT);
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        // Whoever is away may be back any moment, and the time for it is short.
        Some(if away { wait.min(Duration::from_secs(2)) } else { wait })
    }

    /// The call went well: the next failure is a new one.
    pub fn reset(&mut self) {
        self.failing_since = None;
        self.wait = SHORTEST_WAIT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Problem;

    fn refused(status: u16, retry_after: Option<u64>) -> ClientError {
        ClientError::Refused {
            problem: Box::new(Problem::new(status, "busy", "busy")),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    fn broken() -> ClientError {
        ClientError::Broken { url: String::new(), reason: String::new() }
    }

    #[test]
    fn a_busy_server_is_asked_again_when_it_said() {
        let now = Instant::now();
        let mut patience = Patience::sending();
        assert_eq!(patience.after(&refused(429, Some(3)), now), Some(Duration::from_secs(3)));
        assert_eq!(patience.after(&refused(503, None), now), Some(Duration::from_secs(1)));
        assert_eq!(patience.after(&refused(503, None), now + BUSY), None);
        patience.reset();
        assert_eq!(patience.after(&refused(503, None), now + BUSY), Some(SHORTEST_WAIT));
    }

    #[test]
    fn a_refusal_for_good_is_not_repeated() {
        assert_eq!(Patience::sending().after(&refused(415, None), Instant::now()), None);
    }

    #[test]
    fn what_may_have_been_taken_is_not_sent_twice() {
        let now = Instant::now();
        assert_eq!(Patience::sending().after(&broken(), now), None);
        assert_eq!(Patience::reading().after(&broken(), now), Some(SHORTEST_WAIT));
    }

    #[test]
    fn a_server_that_stays_away_is_given_up() {
        let now = Instant::now();
        let away = ClientError::Unreachable { url: String::new(), reason: String::new() };
        let mut patience = Patience::sending();
        assert!(patience.after(&away, now).is_some());
        assert!(patience.after(&away, now + AWAY).is_none());
    }
}
