//! Follows many jobs to their end with few requests.
//!
//! The server takes the oldest job first, so the next to end are among the oldest: one page of the job
//! list around those tells of all of them at once, however many wait behind.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::error::TryRecvError;
use uuid::Uuid;

use super::patience::Patience;
use super::{Client, ClientError};
use crate::domain::{Job, JobId, JobQuery, JobStatus};

/// How many of our jobs one request looks at.
const WINDOW: usize = 500;
/// Room on the page for jobs that others made in between.
const ROOM_FOR_OTHERS: usize = 50;
const SHORTEST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With how many chunks.
    Completed(u64),
    /// With the reason.
    Failed(String),
    Cancelled,
    /// Its row was cleaned up before anyone looked. Only jobs that ended are, but how is not known.
    Forgotten,
}

impl End {
    fn of(job: &Job) -> Option<Self> {
        match job.status {
            JobStatus::Pending | JobStatus::Running => None,
            JobStatus::Completed => Some(Self::Completed(job.chunks_created)),
            JobStatus::Failed => Some(Self::Failed(job.error_message.clone())),
            JobStatus::Cancelled => Some(Self::Cancelled),
        }
    }
}

/// Jobs that have not ended, as far as we know, each with the name it was sent under.
type Open = BTreeMap<JobId, String>;

/// Follows the jobs that come through `accepted` until all have ended and no more can come.
///
/// Tells `ended` the name and the end of each. Answers with how many jobs were left open and why, if
/// the server could not be asked any longer.
pub async fn follow(
    client: &Client,
    mut accepted: UnboundedReceiver<(JobId, String)>,
    mut ended: impl FnMut(&str, End),
) -> Result<(), (u64, ClientError)> {
    let mut open = Open::new();
    let mut wait = SHORTEST_WAIT;
    let mut patience = Patience::reading();
    while take_in(&mut accepted, &mut open).await {
        match look(client, &open).await {
            Ok(ends) => {
                patience.reset();
                wait = match ends.len() {
                    0 => (wait * 2).min(LONGEST_WAIT),
                    many if many > WINDOW / 2 => Duration::ZERO,
                    _ => SHORTEST_WAIT,
                };
                for (id, end) in ends {
                    if let Some(name) = open.remove(&id) {
                        ended(&name, end);
                    }
                }
            }
            Err(error) => match patience.after(&error, Instant::now()) {
                Some(pause) => wait = pause,
                None => {
                    accepted.close();
                    while let Some((id, name)) = accepted.recv().await {
                        open.insert(id, name);
                    }
                    return Err((open.len() as u64, error));
                }
            },
        }
        tokio::time::sleep(wait).await;
        wait = wait.max(SHORTEST_WAIT);
    }
    Ok(())
}

/// Takes in all jobs accepted so far, waiting for one if none is open; false when there is no more.
async fn take_in(accepted: &mut UnboundedReceiver<(JobId, String)>, open: &mut Open) -> bool {
    loop {
        match accepted.try_recv() {
            Ok((id, name)) => {
                open.insert(id, name);
            }
            Err(TryRecvError::Empty) if open.is_empty() => match accepted.recv().await {
                Some((id, name)) => {
                    open.insert(id, name);
                }
                None => return false,
            },
            Err(_) => return !open.is_empty(),
        }
    }
}

/// The ends among the oldest open jobs.
async fn look(client: &Client, open: &Open) -> Result<Vec<(JobId, End)>, ClientError> {
    let window: Vec<JobId> = open.keys().take(WINDOW).copied().collect();
    let (Some(&oldest), Some(&newest)) = (window.first(), window.last()) else { return Ok(Vec::new()) };
    let limit = (window.len() + ROOM_FOR_OTHERS).min(JobQuery::MAX_LIMIT as usize) as u32;
    let query = JobQuery { before: Some(just_after(newest).into()), limit, ..JobQuery::default() };
    let page = client.jobs(&query).await?;
    let listed: HashMap<JobId, &Job> = page.jobs.iter().map(|job| (job.job_id, job)).collect();
    // Everything from here up would be on the page if the server still knew it.
    let reach = match page.jobs.last() {
        Some(last) if page.next.is_some() => last.job_id,
        _ => oldest,
    };

    let mut ends = Vec::new();
    for id in window {
        let end = match listed.get(&id) {
            Some(job) => End::of(job),
            // Off the list, or the oldest one below a page filled by others: asked for by its id.
            None if id >= reach || id == oldest => match client.job(id).await? {
                Some(found) => End::of(&found.job),
                None => Some(End::Forgotten),
            },
            None => None,
        };
        ends.extend(end.map(|end| (id, end)));
    }
    Ok(ends)
}

/// The smallest id above `id`, to list `id` itself too.
fn just_after(id: JobId) -> JobId {
    JobId(Uuid::from_u128(id.0.as_u128().saturating_add(1)))
}
