//! The places in which jobs are read: how many there are, how many are taken, and whether more may be.

use std::sync::Arc;

use tokio::sync::watch;

/// How the slots stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotsInUse {
    /// None may be taken; those that are stay so.
    pub paused: bool,
    /// More may be taken than this for a while, after it was lowered.
    pub most: u32,
    pub taken: u32,
    /// Of the taken ones, those of bulk jobs.
    bulk: u32,
}

impl SlotsInUse {
    fn has_free(&self) -> bool {
        !self.paused && self.taken < self.most
    }
}

/// The slots of this process, shared by the worker, which takes them, and whoever sets or shows them.
#[derive(Clone, Debug)]
pub struct Slots(Arc<watch::Sender<SlotsInUse>>);

impl Slots {
    pub fn new(most: u32) -> Self {
        Self(Arc::new(watch::channel(SlotsInUse { paused: false, most, taken: 0, bulk: 0 }).0))
    }

    pub fn now(&self) -> SlotsInUse {
        *self.0.borrow()
    }

    /// Tells when they stand differently.
    pub fn watch(&self) -> watch::Receiver<SlotsInUse> {
        self.0.subscribe()
    }

    pub fn set(&self, paused: bool, most: u32) {
        self.0.send_modify(|slots| (slots.paused, slots.most) = (paused, most));
    }

    /// Returns when one may be taken.
    pub async fn free(&self) {
        // Fails only when the sender is gone, which is in `self`.
        let _ = self.watch().wait_for(SlotsInUse::has_free).await;
    }

    /// Whether a bulk job may take a slot: all but one are for them, so that a small job never waits for a large
    /// one to end.
    pub fn allow_bulk(&self) -> bool {
        let slots = self.now();
        slots.bulk < slots.most.saturating_sub(1).max(1)
    }

    /// Takes a slot until what is returned is dropped.
    pub fn take(&self, bulk: bool) -> Slot {
        self.0.send_modify(|slots| {
            slots.taken += 1;
            slots.bulk += u32::from(bulk);
        });
        Slot { slots: self.clone(), bulk }
    }
}

/// A slot that is taken.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    bulk: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.0.send_modify(|slots| {
            slots.taken -= 1;
            slots.bulk -= u32::from(self.bulk);
        });
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn is_free(slots: &Slots) -> bool {
        slots.free().now_or_never().is_some()
    }

    #[test]
    fn a_slot_is_taken_until_it_is_dropped() {
        let slots = Slots::new(1);
        assert!(is_free(&slots));
        let slot = slots.take(false);
        assert!(!is_free(&slots));
        drop(slot);
        assert!(is_free(&slots));
    }

    #[test]
    fn fewer_slots_take_none_away_and_none_is_free_until_enough_are_given_back() {
        let slots = Slots::new(3);
        let mut taken: Vec<_> = (0..3).map(|_| slots.take(false)).collect();
        slots.set(false, 2);
        taken.pop();
        assert!(!is_free(&slots));
        taken.pop();
        assert!(is_free(&slots));
        slots.set(true, 2);
        assert!(!is_free(&slots), "none while paused");
    }

    #[test]
    fn one_slot_is_kept_from_bulk_unless_it_is_the_only_one() {
        for (most, bulk) in [(1, 1), (2, 1), (3, 2)] {
            let slots = Slots::new(most);
            let mut taken = Vec::new();
            while slots.allow_bulk() {
                taken.push(slots.take(true));
            }
            assert_eq!(taken.len(), bulk, "of {most}");
            slots.set(false, most + 2);
            assert!(slots.allow_bulk(), "more slots are more for bulk");
        }
    }
}
