//! The jobs on show and how changes flow into them. Each job has a signal of its own, so that a
//! change re-renders the cells of one row and nothing else. Knows no server and no stream.

use leptos::prelude::*;

use super::live::{Changes, Live};
use crate::domain::{Job, JobFilter, JobId, JobPage, JobQuery, JobStats, JobStatus, JobsView};

/// How many jobs are shown at first, and how many more on demand.
pub const PAGE: u32 = JobQuery::DEFAULT_LIMIT;

/// Which jobs the dashboard shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobChoice {
    #[default]
    All,
    Status(JobStatus),
    /// Those with warnings.
    Warned,
}

impl JobChoice {
    /// The newest jobs of the choice, or those older than `before`.
    pub fn query(self, before: Option<JobId>, limit: u32) -> JobQuery {
        let (status, warned) = match self {
            Self::All => (None, false),
            Self::Status(status) => (Some(status), false),
            Self::Warned => (None, true),
        };
        let filter = JobFilter { status, warned, ..JobFilter::default() };
        JobQuery { before: before.map(Into::into), limit, ..JobQuery::newest(filter) }
    }
}

/// A job on show.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: JobId,
    pub job: ArcRwSignal<Job>,
}

impl Row {
    fn new(job: Job) -> Self {
        Self { id: job.job_id, job: ArcRwSignal::new(job) }
    }
}

/// Which jobs belong on show: the newest `limit` that match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    pub choice: JobChoice,
    /// Only jobs older than this one.
    pub before: Option<JobId>,
    pub limit: u32,
}

impl Window {
    fn admits(&self, job: &Job) -> bool {
        let chosen = match self.choice {
            JobChoice::All => true,
            JobChoice::Status(status) => job.status == status,
            // A job that warns is known by the server alone: those on show stay, others come when it says so.
            JobChoice::Warned => job.status == JobStatus::Completed,
        };
        chosen && self.before.is_none_or(|before| job.job_id < before)
    }
}

/// The live list: rows, counts, and whether the server has more jobs than are shown.
#[derive(Clone, Copy, Debug)]
pub struct JobList {
    pub rows: RwSignal<Vec<Row>>,
    pub stats: RwSignal<JobStats>,
    pub more: RwSignal<bool>,
    pub window: RwSignal<Window>,
    pub live: Live,
}

impl JobList {
    pub fn new() -> Self {
        Self {
            rows: RwSignal::new(Vec::new()),
            stats: RwSignal::new(JobStats::default()),
            more: RwSignal::new(false),
            window: RwSignal::new(Window::default()),
            live: Live::new(),
        }
    }

    /// Shows what the server says; rows that stay keep their signals, and newer news about them.
    pub fn load(self, window: Window, view: JobsView) {
        self.rows.update(|rows| replace(rows, view.page.jobs));
        self.more.set(view.page.next.is_some());
        self.window.set(window);
        self.stats.set(view.stats);
        self.live.loaded(view.seq, true);
    }

    /// Adds an older page at the end.
    pub fn append(self, view: JobsView) {
        let JobPage { jobs, next, .. } = view.page;
        self.window.update(|window| window.limit += PAGE);
        self.rows.update(|rows| {
            for job in jobs {
                if !rows.iter().any(|row| row.id == job.job_id) {
                    rows.push(Row::new(job));
                }
            }
        });
        self.more.set(next.is_some());
        self.stats.set(view.stats);
        self.live.loaded(view.seq, false);
    }

    /// Merges what the stream told.
    pub fn apply(self, changes: Changes) {
        let window = self.window.get_untracked();
        let mut more = self.more.get_untracked();
        self.rows.maybe_update(|rows| {
            let mut changed = false;
            for job in changes.jobs {
                changed |= merge(rows, &window, &mut more, job);
            }
            if !changes.removed.is_empty() {
                let before = rows.len();
                rows.retain(|row| !changes.removed.contains(&row.id));
                changed |= rows.len() != before;
            }
            changed
        });
        if more != self.more.get_untracked() {
            self.more.set(more);
        }
        if let Some(stats) = changes.stats.filter(|it| *it != self.stats.get_untracked()) {
            self.stats.set(stats);
        }
    }

    /// Many rows have left and the server has more to fill their places.
    pub fn runs_short(self) -> bool {
        let limit = self.window.get_untracked().limit as usize;
        self.more.get_untracked() && self.rows.read_untracked().len() < limit / 2
    }

    /// The oldest job on show: where older ones begin.
    pub fn last(self) -> Option<JobId> {
        self.rows.read().last().map(|row| row.id)
    }
}

/// Makes `rows` show `jobs`. A row that is on show already takes the job only if it is newer.
fn replace(rows: &mut Vec<Row>, jobs: Vec<Job>) {
    let old = std::mem::take(rows);
    for job in jobs {
        match old.iter().find(|row| row.id == job.job_id) {
            None => rows.push(Row::new(job)),
            Some(row) => {
                if row.job.read_untracked().seq < job.seq {
                    row.job.set(job);
                }
                rows.push(row.clone());
            }
        }
    }
}

/// Merges one job into the rows, newest first, and says whether rows came or went.
fn merge(rows: &mut Vec<Row>, window: &Window, more: &mut bool, job: Job) -> bool {
    let place = rows.binary_search_by(|row| job.job_id.cmp(&row.id));
    match place {
        // The stream sends a job again after a reconnect; what is older than the row is no news.
        Ok(index) if rows[index].job.read_untracked().seq >= job.seq => false,
        Ok(index) if !window.admits(&job) => {
            rows.remove(index);
            true
        }
        Ok(index) => {
            rows[index].job.set(job);
            false
        }
        Err(_) if !window.admits(&job) || window.choice == JobChoice::Warned => false,
        // Older than all on show, and the server has others that come first.
        Err(index) if index == rows.len() && *more => false,
        Err(index) => {
            rows.insert(index, Row::new(job));
            if rows.len() > window.limit as usize {
                rows.truncate(window.limit as usize);
                *more = true;
            }
            true
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use uuid::Uuid;

    use super::*;

    pub fn job(id: u128, status: JobStatus, seq: u64) -> Job {
        Job { job_id: JobId(Uuid::from_u128(id)), status, seq, ..Job::example() }
    }

    fn rows(jobs: Vec<Job>) -> Vec<Row> {
        jobs.into_iter().map(Row::new).collect()
    }

    fn ids(rows: &[Row]) -> Vec<u128> {
        rows.iter().map(|row| row.id.0.as_u128()).collect()
    }

    fn window(status: Option<JobStatus>) -> Window {
        let choice = status.map_or(JobChoice::All, JobChoice::Status);
        Window { choice, before: None, limit: 3 }
    }

    use JobStatus::{Completed, Pending, Running};

    #[test]
    fn a_new_job_goes_on_top_and_the_oldest_leaves_a_full_list() {
        let mut list = rows(vec![job(3, Pending, 3), job(2, Pending, 2), job(1, Pending, 1)]);
        let mut more = false;
        assert!(merge(&mut list, &window(None), &mut more, job(4, Pending, 4)));
        assert_eq!(ids(&list), [4, 3, 2]);
        assert!(more);
    }

    #[test]
    fn a_known_job_changes_in_place() {
        let mut list = rows(vec![job(2, Pending, 2), job(1, Pending, 1)]);
        assert!(!merge(&mut list, &window(None), &mut false, job(1, Running, 5)));
        assert_eq!(list[1].job.read_untracked().status, Running);
    }

    #[test]
    fn older_news_is_ignored() {
        let mut list = rows(vec![job(1, Completed, 9)]);
        assert!(!merge(&mut list, &window(None), &mut false, job(1, Running, 8)));
        assert_eq!(list[0].job.read_untracked().status, Completed);
    }

    #[test]
    fn a_job_that_no_longer_matches_leaves_and_one_that_does_comes() {
        let mut list = rows(vec![job(3, Running, 3), job(1, Running, 1)]);
        let running = window(Some(Running));
        assert!(merge(&mut list, &running, &mut false, job(3, Completed, 4)));
        assert!(merge(&mut list, &running, &mut false, job(2, Running, 5)));
        assert!(!merge(&mut list, &running, &mut false, job(4, Pending, 6)));
        assert_eq!(ids(&list), [2, 1]);
    }

    #[test]
    fn a_job_older_than_all_on_show_waits_for_show_more() {
        let mut list = rows(vec![job(9, Pending, 9)]);
        assert!(!merge(&mut list, &window(None), &mut true, job(1, Running, 10)));
        assert!(merge(&mut list, &window(None), &mut false, job(1, Running, 10)));
        assert_eq!(ids(&list), [9, 1]);
    }

    #[test]
    fn an_older_page_takes_no_new_jobs() {
        let mut list = rows(vec![job(2, Pending, 2)]);
        let older = Window { choice: JobChoice::All, before: Some(JobId(Uuid::from_u128(3))), limit: 3 };
        assert!(!merge(&mut list, &older, &mut false, job(4, Pending, 4)));
        assert_eq!(ids(&list), [2]);
    }

    #[test]
    fn loading_again_keeps_what_is_newer_and_drops_what_is_gone() {
        let mut list = rows(vec![job(3, Running, 7), job(2, Running, 2)]);
        replace(&mut list, vec![job(4, Pending, 5), job(3, Pending, 3)]);
        assert_eq!(ids(&list), [4, 3]);
        assert_eq!(list[1].job.read_untracked().status, Running);
    }
}
