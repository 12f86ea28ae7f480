//! Acting on many jobs at once.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{JobFilter, JobId};

/// Which jobs to act on: those that match the filter and, if any are named, are among these. One of the two must
/// say something: nobody means all jobs by saying nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobSelection {
    pub filter: JobFilter,
    pub ids: Vec<JobId>,
}

impl JobSelection {
    pub fn is_empty(&self) -> bool {
        self.filter.is_empty() && self.ids.is_empty()
    }
}

/// As in `status=failed, 3 ids`.
impl fmt::Display for JobSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = (!self.ids.is_empty()).then(|| format!("{} ids", self.ids.len()));
        let filters = self.filter.parameters();
        let filters = filters.iter().map(|(name, value)| format!("{name}={value}"));
        f.write_str(&filters.chain(ids).collect::<Vec<_>>().join(", "))
    }
}

/// What became of the jobs that were acted on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkOutcome {
    /// Jobs that matched when the call came; later ones are left alone.
    pub matched: u64,
    pub changed: u64,
    /// The others, by why.
    pub unchanged: Vec<Unchanged>,
    /// The first of those that changed.
    pub job_ids: Vec<JobId>,
}

impl BulkOutcome {
    /// So many ids are told.
    pub const MOST_IDS: usize = 1000;

    /// Counts a job that was changed.
    pub fn add_changed(&mut self, job: JobId) {
        self.changed += 1;
        if self.job_ids.len() < Self::MOST_IDS {
            self.job_ids.push(job);
        }
    }

    /// Counts jobs that were not changed, for this reason.
    pub fn add_unchanged(&mut self, code: &str, reason: &str, count: u64) {
        if count == 0 {
            return;
        }
        match self.unchanged.iter_mut().find(|it| it.code == code) {
            Some(known) => known.count += count,
            None => {
                self.unchanged.push(Unchanged { code: code.to_owned(), reason: reason.to_owned(), count })
            }
        }
    }
}

/// Jobs that were left as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unchanged {
    /// That of the problem with which the call for a single job refuses it; where such a call does not, a code of
    /// this call alone.
    pub code: String,
    /// Why, in a sentence.
    pub reason: String,
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_outcome_groups_what_did_not_change_and_names_the_first_that_did() {
        let mut outcome = BulkOutcome::default();
        for number in 0..1500 {
            outcome.add_changed(JobId(Uuid::from_u128(number)));
        }
        outcome.add_unchanged("a", "Because.", 1);
        outcome.add_unchanged("b", "So.", 0);
        outcome.add_unchanged("a", "Because.", 2);
        assert_eq!((outcome.changed, outcome.job_ids.len()), (1500, BulkOutcome::MOST_IDS));
        let unchanged = Unchanged { code: "a".into(), reason: "Because.".into(), count: 3 };
        assert_eq!(outcome.unchanged, [unchanged]);
    }
}
