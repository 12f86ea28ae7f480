//! What waits for the writing thread, in two lanes: clients who wait for an answer, and work in the
//! background, which gets a quarter of the time while there are clients.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// While clients come, a step in the background is followed by this many times its duration without
/// another one.
const REST: u32 = 3;

/// Clients count as coming for this long after the last one: they need a moment between an answer and
/// their next request.
const CLIENTS_COMING: Duration = Duration::from_millis(20);

/// A rested background waits this long for a gap between clients, and then goes before them.
const PATIENCE: Duration = Duration::from_millis(20);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Client,
    Background,
}

/// Requests in the order they came, lane by lane.
pub(super) struct Queue<T> {
    lanes: Mutex<Lanes<T>>,
    changed: Condvar,
}

struct Lanes<T> {
    clients: VecDeque<T>,
    background: VecDeque<(Instant, T)>,
    closed: bool,
    last_client: Option<Instant>,
    /// Nothing from the background before this.
    rest_until: Option<Instant>,
}

impl<T> std::fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let lanes = Lanes {
            clients: VecDeque::new(),
            background: VecDeque::new(),
            closed: false,
            last_client: None,
            rest_until: None,
        };
        Self { lanes: Mutex::new(lanes), changed: Condvar::new() }
    }
}

impl<T> Queue<T> {
    /// Adds a request. Gives it back when the queue is closed.
    pub(super) fn push(&self, lane: Lane, request: T) -> Result<(), T> {
        let mut lanes = self.lock();
        if lanes.closed {
            return Err(request);
        }
        match lane {
            Lane::Client => lanes.clients.push_back(request),
            Lane::Background => lanes.background.push_back((Instant::now(), request)),
        }
        self.changed.notify_one();
        Ok(())
    }

    /// What waits still comes out, nothing new goes in.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits for the next request; `None` once the queue is closed and empty.
    pub(super) fn next(&self) -> Option<(Lane, T)> {
        let mut lanes = self.lock();
        loop {
            let now = Instant::now();
            if let Some(next) = lanes.take(now) {
                return Some(next);
            }
            if lanes.closed && lanes.background.is_empty() {
                return None;
            }
            // Woken by a push, or when the rest is over.
            let rest = lanes.rest_until.filter(|_| !lanes.background.is_empty());
            lanes = match rest {
                Some(until) => {
                    let waited = self.changed.wait_timeout(lanes, until.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(lanes).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// The next request, if one may be taken now.
    pub(super) fn try_next(&self) -> Option<(Lane, T)> {
        self.lock().take(Instant::now())
    }

    /// A step in the background took this long.
    pub(super) fn rest_after(&self, took: Duration) {
        let mut lanes = self.lock();
        let now = Instant::now();
        let coming = lanes.last_client.is_some_and(|last| now.duration_since(last) < CLIENTS_COMING);
        lanes.rest_until = coming.then(|| now + took * REST);
    }

    fn lock(&self) -> MutexGuard<'_, Lanes<T>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Lanes<T> {
    fn take(&mut self, now: Instant) -> Option<(Lane, T)> {
        let rested = self.closed || self.rest_until.is_none_or(|until| now >= until);
        let impatient = self.background.front().is_some_and(|(since, _)| now - *since >= PATIENCE);
        if !(rested && impatient)
            && let Some(client) = self.clients.pop_front()
        {
            self.last_client = Some(now);
            return Some((Lane::Client, client));
        }
        let background = if rested { self.background.pop_front() } else { None };
        background.map(|(_, request)| (Lane::Background, request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_come_first_and_each_lane_keeps_its_order() {
        let queue = Queue::default();
        for (lane, request) in
            [(Lane::Background, 1), (Lane::Client, 2), (Lane::Background, 3), (Lane::Client, 4)]
        {
            queue.push(lane, request).unwrap();
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.try_next()).map(|(_, request)| request).collect();
        assert_eq!(order, [2, 4, 1, 3]);
    }

    #[test]
    fn the_background_rests_while_clients_come_and_goes_on_by_itself() {
        let queue = Queue::default();
        queue.push(Lane::Client, 1).unwrap();
        queue.push(Lane::Background, 2).unwrap();
        assert_eq!(queue.try_next(), Some((Lane::Client, 1)));
        queue.rest_after(Duration::from_millis(1));
        assert_eq!(queue.try_next(), None);
        assert_eq!(queue.next(), Some((Lane::Background, 2)), "the rest ends without a client");
    }

    #[test]
    fn clients_who_never_pause_cannot_keep_a_rested_background_out() {
        let start = Instant::now();
        let mut lanes = Queue::default().lanes.into_inner().unwrap();
        lanes.background.push_back((start, 1));
        lanes.clients.extend([2, 3]);
        assert_eq!(lanes.take(start), Some((Lane::Client, 2)));
        assert_eq!(lanes.take(start + PATIENCE), Some((Lane::Background, 1)));
        lanes.background.push_back((start, 4));
        lanes.rest_until = Some(start + PATIENCE * 2);
        assert_eq!(lanes.take(start + PATIENCE), Some((Lane::Client, 3)), "it rests");
    }

    #[test]
    fn the_background_does_not_rest_when_no_client_is_there() {
        let queue = Queue::default();
        queue.push(Lane::Background, 1).unwrap();
        queue.rest_after(Duration::from_secs(3600));
        assert_eq!(queue.try_next(), Some((Lane::Background, 1)));
    }

    #[test]
    fn a_closed_queue_gives_out_what_it_holds_and_takes_nothing() {
        let queue = Queue::default();
        queue.push(Lane::Background, 1).unwrap();
        queue.close();
        assert_eq!(queue.push(Lane::Client, 2), Err(2));
        assert_eq!(queue.next(), Some((Lane::Background, 1)));
        assert_eq!(queue.next(), None);
    }
}
