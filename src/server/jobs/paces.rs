//! How fast jobs have been lately, asked of the store now and then.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{JobManager, JobsError};
use crate::domain::{JobType, Pace};

/// What was found is good for so long.
const FRESH: Duration = Duration::from_secs(10);

/// Jobs of each type that are looked at: enough to find some of each size.
const LOOKED_AT: u32 = 200;

/// The paces that were found last, and when.
#[derive(Debug, Default)]
pub(super) struct Paces(Mutex<Option<(Instant, Vec<Pace>)>>);

impl Paces {
    fn fresh(&self) -> Option<Vec<Pace>> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.as_ref().filter(|(at, _)| at.elapsed() < FRESH).map(|(_, paces)| paces.clone())
    }

    fn keep(&self, paces: &[Pace]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), paces.to_vec()));
    }
}

impl JobManager {
    /// How fast jobs of each type were, where there were enough.
    pub async fn paces(&self) -> Result<Vec<Pace>, JobsError> {
        if let Some(paces) = self.0.paces.fresh() {
            return Ok(paces);
        }
        let mut paces = Vec::new();
        for job_type in JobType::ALL {
            paces.extend(Pace::measured(*job_type, &self.0.store.last_done(*job_type, LOOKED_AT).await?));
        }
        self.0.paces.keep(&paces);
        Ok(paces)
    }
}
