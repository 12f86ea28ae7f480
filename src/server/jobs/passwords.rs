//! Passwords of encrypted files, from their job's acceptance to its end. They are in memory only: never stored,
//! never logged, and gone with the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;

use crate::domain::JobId;

/// The passwords that came with jobs.
#[derive(Debug, Default)]
pub struct Passwords(Mutex<HashMap<JobId, SecretString>>);

impl Passwords {
    pub fn keep(&self, job: JobId, password: Option<SecretString>) {
        if let Some(password) = password {
            self.all().insert(job, password);
        }
    }

    pub fn of(&self, job: JobId) -> Option<SecretString> {
        self.all().get(&job).cloned()
    }

    /// The job has ended, or never was.
    pub fn forget(&self, job: JobId) {
        self.all().remove(&job);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<JobId, SecretString>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
