//! Follows many jobs to their end with few requests.
//!
//! The server takes the oldest job first, so the next to end are among the oldest: one page of the job
//! list around those tells of all of them at once, however many wait behind.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::error::TryRecvError;
use uuid::Uuid;

use super::patience::Patience;
use super::{Client, ClientError};
use crate::domain::{Job, JobId, JobQuery, JobStatus};

/// How many of our jobs one request looks at.
const WINDOW: usize = 500;
/// So many of them are asked for by their ids when the page does not reach down to them: who names jobs names
/// some that lie far apart.
const BY_ID: usize = 8;
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

/// What was seen of a job.
#[derive(Clone, Debug)]
pub enum News {
    Job(Box<Job>),
    /// The server does not know it, or no longer.
    Unknown(JobId),
}

impl News {
    /// The job it is about.
    pub fn id(&self) -> JobId {
        match self {
            Self::Job(job) => job.job_id,
            Self::Unknown(id) => *id,
        }
    }

    /// How the job ended, if it has.
    pub fn end(&self) -> Option<End> {
        match self {
            Self::Job(job) => End::of(job),
            Self::Unknown(_) => Some(End::Forgotten),
        }
    }
}

/// Jobs that have not ended, as far as we know, each with the name it was sent under.
type Open = BTreeMap<JobId, String>;

/// Follows the jobs that come through `accepted` until all have ended and no more can come.
///
/// Tells `seen` the name and the state of each job at each look, its end last, until it has seen enough. Answers
/// with how many jobs were left open and why, if the server could not be asked any longer.
pub async fn follow(
    client: &Client,
    mut accepted: UnboundedReceiver<(JobId, String)>,
    mut seen: impl FnMut(&str, &News) -> ControlFlow<()>,
) -> Result<(), (u64, ClientError)> {
    let mut open = Open::new();
    let mut wait = SHORTEST_WAIT;
    let mut patience = Patience::reading();
    while take_in(&mut accepted, &mut open).await {
        match look(client, &open).await {
            Ok(news) => {
                patience.reset();
                let mut ended = 0;
                for news in news {
                    if open.get(&news.id()).is_some_and(|name| seen(name, &news).is_break()) {
                        return Ok(());
                    }
                    if news.end().is_some() && open.remove(&news.id()).is_some() {
                        ended += 1;
                    }
                }
                wait = match ended {
                    0 => (wait * 2).min(LONGEST_WAIT),
                    many if many > WINDOW / 2 => Duration::ZERO,
                    _ => SHORTEST_WAIT,
                };
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
        // A pause lets more jobs come in, so that one request looks at many.
        if !(open.is_empty() && accepted.is_closed()) {
            tokio::time::sleep(wait).await;
        }
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

/// What there is to see of the oldest open jobs.
async fn look(client: &Client, open: &Open) -> Result<Vec<News>, ClientError> {
    let window: Vec<JobId> = open.keys().take(WINDOW).copied().collect();
    let (Some(&oldest), Some(&newest)) = (window.first(), window.last()) else { return Ok(Vec::new()) };
    let limit = (window.len() + ROOM_FOR_OTHERS).min(JobQuery::MAX_LIMIT as usize) as u32;
    let query = JobQuery { before: Some(just_after(newest).into()), limit, ..JobQuery::default() };
    let page = client.jobs(&query).await?;
    // Everything from here up would be on the page if the server still knew it.
    let reach = match page.jobs.last() {
        Some(last) if page.next.is_some() => last.job_id,
        _ => oldest,
    };
    let mut listed: HashMap<JobId, Job> = page.jobs.into_iter().map(|job| (job.job_id, job)).collect();

    let mut news = Vec::new();
    let mut beyond = 0;
    for id in window {
        if let Some(job) = listed.remove(&id) {
            news.push(News::Job(Box::new(job)));
        } else if id >= reach || beyond < BY_ID {
            // Off the list, or among the oldest ones below a page filled by others.
            beyond += usize::from(id < reach);
            news.push(one(client, id).await?);
        }
    }
    Ok(news)
}

async fn one(client: &Client, id: JobId) -> Result<News, ClientError> {
    match client.job(id).await {
        Ok(found) => Ok(News::Job(Box::new(found.job))),
        Err(error) if error.is_about_no_job() => Ok(News::Unknown(id)),
        Err(error) => Err(error),
    }
}

/// The smallest id above `id`, to list `id` itself too.
fn just_after(id: JobId) -> JobId {
    JobId(Uuid::from_u128(id.0.as_u128().saturating_add(1)))
}
