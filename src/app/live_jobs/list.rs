//! The jobs on show and how changes flow into them. Each job has a signal of its own, so that a
//! change re-renders the cells of one row and nothing else. Knows no server and no stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::blocks::{Block, block_at, blocks_for};
use crate::app::live::{Changes, Live};
use crate::domain::{Job, JobCursor, JobId, JobQuery, JobSort, JobStats, JobsView, Pace, QueueState};

/// A job on show.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: JobId,
    pub job: ArcRwSignal<Job>,
    pub block: Block,
}

impl Row {
    pub fn new(job: Job, block: Block) -> Self {
        Self { id: job.job_id, job: ArcRwSignal::new(job), block }
    }
}

/// What the list needs to know to tell whether a job belongs on it.
struct Window<'a> {
    query: &'a JobQuery,
    /// At most so many rows.
    limit: usize,
    /// There are more jobs behind the last row.
    more: bool,
    now: DateTime<Utc>,
}

impl Window<'_> {
    fn admits(&self, job: &Job) -> bool {
        // In any other order a page begins where its server says.
        let by_age = self.query.sort == JobSort::Created;
        let older = self.query.before.is_none_or(|before| !by_age || job.job_id < before.job);
        older && self.query.filter.matches(job, self.now)
    }

    /// Whether a job that is not on show can be put in its place without asking the server: what is sorted by
    /// anything but age has its place among jobs that are not here, and whether a job warns only the server knows.
    fn takes_new(&self) -> bool {
        self.query.sort == JobSort::Created && !self.query.filter.warned
    }
}

/// The live list: rows, counts, the queue, and whether the server has more jobs than are shown.
#[derive(Clone, Copy, Debug)]
pub struct JobList {
    pub rows: RwSignal<Vec<Row>>,
    pub stats: RwSignal<JobStats>,
    pub queue: RwSignal<QueueState>,
    /// What the rows are the answer to.
    pub query: RwSignal<JobQuery>,
    /// Where the next page starts, if there is one.
    pub next: RwSignal<Option<JobCursor>>,
    /// How many jobs match, as the server last said.
    pub total: RwSignal<u64>,
    /// How fast jobs of each kind have been.
    pub paces: RwSignal<Arc<[Pace]>>,
    /// How many jobs are begun before each that waits, as far as is known.
    pub places: RwSignal<BTreeMap<JobId, u64>>,
    /// So many rows at most.
    limit: StoredValue<usize>,
    /// Something changed that only the server can put in its place.
    stale: StoredValue<bool>,
    pub live: Live,
}

impl JobList {
    pub fn new(query: JobQuery, view: JobsView) -> Self {
        let list = Self {
            rows: RwSignal::new(Vec::new()),
            stats: RwSignal::new(JobStats::default()),
            queue: RwSignal::new(QueueState::default()),
            query: RwSignal::new(JobQuery::default()),
            next: RwSignal::new(None),
            total: RwSignal::new(0),
            paces: RwSignal::new(Arc::new([])),
            places: RwSignal::new(BTreeMap::new()),
            limit: StoredValue::new(0),
            stale: StoredValue::new(false),
            live: Live::new(),
        };
        list.load(query, view);
        list
    }

    /// Shows what the server says; rows that stay keep their signals, and newer news about them.
    pub fn load(self, query: JobQuery, view: JobsView) {
        self.rows.update(|rows| replace(rows, view.page.jobs));
        self.next.set(view.page.next);
        self.total.set(view.page.total_count);
        self.limit.set_value(query.limit as usize);
        self.query.set(query);
        self.stats.set(view.stats);
        self.queue.set(view.queue);
        self.paces.set(view.paces.into());
        self.stale.set_value(false);
        self.live.loaded(view.seq, true);
    }

    /// Adds an older page at the end.
    pub fn append(self, view: JobsView) {
        self.limit.update_value(|limit| *limit += view.page.jobs.len());
        self.rows.update(|rows| {
            for job in view.page.jobs {
                if !rows.iter().any(|row| row.id == job.job_id) {
                    let block = block_at(rows, rows.len());
                    rows.push(Row::new(job, block));
                }
            }
        });
        self.next.set(view.page.next);
        self.total.set(view.page.total_count);
        self.stats.set(view.stats);
        self.live.loaded(view.seq, false);
    }

    /// How many rows to ask for to have the same ones again.
    pub fn length(self) -> u32 {
        self.limit.get_value() as u32
    }

    /// Merges what the stream told.
    pub fn apply(self, changes: Changes, now: DateTime<Utc>) {
        let more = self.next.get_untracked().is_some();
        let mut stale = false;
        {
            let query = self.query.read_untracked();
            let mut window = Window { query: &query, limit: self.limit.get_value(), more, now };
            self.rows.maybe_update(|rows| {
                let mut changed = false;
                for job in changes.jobs {
                    match merge(rows, &mut window, job) {
                        Merged::Same => {}
                        Merged::Rows => changed = true,
                        Merged::Unplaced => stale = true,
                    }
                }
                if !changes.removed.is_empty() {
                    let before = rows.len();
                    rows.retain(|row| !changes.removed.contains(&row.id));
                    changed |= rows.len() != before;
                }
                changed
            });
            // The last row has left for the next page.
            if window.more && !more {
                let last = self.rows.read_untracked().last().map(|row| JobCursor::from(row.id));
                self.next.set(last);
            }
        }
        if stale {
            self.stale.set_value(true);
        }
        if let Some(stats) = changes.stats.filter(|it| *it != self.stats.get_untracked()) {
            self.stats.set(stats);
        }
        if let Some(queue) = changes.queue.filter(|it| *it != *self.queue.read_untracked()) {
            self.queue.set(queue);
        }
    }

    /// Whether only the server can make the list whole again: many rows have left and there are more to fill their
    /// places, or jobs came whose place it alone knows.
    pub fn needs_the_server(self) -> bool {
        let short = self.next.read_untracked().is_some()
            && self.rows.read_untracked().len() < self.limit.get_value() / 2;
        short || self.stale.get_value()
    }
}

/// Makes `rows` show `jobs`. A row that is on show already takes the job only if it is newer.
fn replace(rows: &mut Vec<Row>, jobs: Vec<Job>) {
    let old = std::mem::take(rows);
    let mut former = Vec::with_capacity(jobs.len());
    for job in jobs {
        let row = old.iter().find(|row| row.id == job.job_id);
        former.push(row.map(|row| row.block));
        rows.push(match row {
            None => Row::new(job, 0),
            Some(row) => {
                if row.job.read_untracked().seq < job.seq {
                    row.job.set(job);
                }
                row.clone()
            }
        });
    }
    for (row, block) in rows.iter_mut().zip(blocks_for(&former)) {
        row.block = block;
    }
}

/// What a job did to the list.
#[derive(Debug, PartialEq, Eq)]
enum Merged {
    /// No row came or went.
    Same,
    Rows,
    /// It belongs on the list, and the server knows where.
    Unplaced,
}

/// Merges one job into the rows.
fn merge(rows: &mut Vec<Row>, window: &mut Window<'_>, job: Job) -> Merged {
    let by_age = window.query.sort == JobSort::Created;
    let place = match by_age {
        true => rows.binary_search_by(|row| job.job_id.cmp(&row.id)),
        false => rows.iter().position(|row| row.id == job.job_id).ok_or(rows.len()),
    };
    match place {
        // The stream sends a job again after a reconnect; what is older than the row is no news.
        Ok(index) if rows[index].job.read_untracked().seq >= job.seq => Merged::Same,
        Ok(index) if !window.admits(&job) => {
            rows.remove(index);
            Merged::Rows
        }
        Ok(index) => {
            rows[index].job.set(job);
            Merged::Same
        }
        Err(_) if !window.admits(&job) => Merged::Same,
        Err(_) if !window.takes_new() => Merged::Unplaced,
        // Older than all on show, and the server has others that come first.
        Err(index) if index == rows.len() && window.more => Merged::Same,
        Err(index) => {
            let block = block_at(rows, index);
            rows.insert(index, Row::new(job, block));
            if rows.len() > window.limit {
                rows.truncate(window.limit);
                window.more = true;
            }
            Merged::Rows
        }
    }
}

#[cfg(test)]
pub(in crate::app) mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{JobFilter, JobStatus};

    pub fn job(id: u128, status: JobStatus, seq: u64) -> Job {
        Job { job_id: JobId(Uuid::from_u128(id)), status, seq, ..Job::example() }
    }

    fn rows(jobs: Vec<Job>) -> Vec<Row> {
        jobs.into_iter().map(|job| Row::new(job, 0)).collect()
    }

    fn ids(rows: &[Row]) -> Vec<u128> {
        rows.iter().map(|row| row.id.0.as_u128()).collect()
    }

    fn of(status: Option<JobStatus>) -> JobQuery {
        JobQuery::newest(JobFilter { status, ..JobFilter::default() })
    }

    fn merged(list: &mut Vec<Row>, query: &JobQuery, more: &mut bool, job: Job) -> Merged {
        let mut window = Window { query, limit: 3, more: *more, now: DateTime::UNIX_EPOCH };
        let merged = merge(list, &mut window, job);
        *more = window.more;
        merged
    }

    use JobStatus::{Completed, Pending, Running};

    #[test]
    fn a_new_job_goes_on_top_and_the_oldest_leaves_a_full_list() {
        let mut list = rows(vec![job(3, Pending, 3), job(2, Pending, 2), job(1, Pending, 1)]);
        let mut more = false;
        assert_eq!(merged(&mut list, &of(None), &mut more, job(4, Pending, 4)), Merged::Rows);
        assert_eq!(ids(&list), [4, 3, 2]);
        assert!(more);
    }

    #[test]
    fn a_known_job_changes_in_place() {
        let mut list = rows(vec![job(2, Pending, 2), job(1, Pending, 1)]);
        assert_eq!(merged(&mut list, &of(None), &mut false, job(1, Running, 5)), Merged::Same);
        assert_eq!(list[1].job.read_untracked().status, Running);
    }

    #[test]
    fn older_news_is_ignored() {
        let mut list = rows(vec![job(1, Completed, 9)]);
        assert_eq!(merged(&mut list, &of(None), &mut false, job(1, Running, 8)), Merged::Same);
        assert_eq!(list[0].job.read_untracked().status, Completed);
    }

    #[test]
    fn a_job_that_no_longer_matches_leaves_and_one_that_does_comes() {
        let mut list = rows(vec![job(3, Running, 3), job(1, Running, 1)]);
        let running = of(Some(Running));
        assert_eq!(merged(&mut list, &running, &mut false, job(3, Completed, 4)), Merged::Rows);
        assert_eq!(merged(&mut list, &running, &mut false, job(2, Running, 5)), Merged::Rows);
        assert_eq!(merged(&mut list, &running, &mut false, job(4, Pending, 6)), Merged::Same);
        assert_eq!(ids(&list), [2, 1]);
    }

    #[test]
    fn a_job_older_than_all_on_show_waits_for_show_more() {
        let mut list = rows(vec![job(9, Pending, 9)]);
        assert_eq!(merged(&mut list, &of(None), &mut true, job(1, Running, 10)), Merged::Same);
        assert_eq!(merged(&mut list, &of(None), &mut false, job(1, Running, 10)), Merged::Rows);
        assert_eq!(ids(&list), [9, 1]);
    }

    #[test]
    fn an_older_page_takes_no_new_jobs() {
        let mut list = rows(vec![job(2, Pending, 2)]);
        let older = JobQuery { before: Some(JobId(Uuid::from_u128(3)).into()), ..JobQuery::default() };
        assert_eq!(merged(&mut list, &older, &mut false, job(4, Pending, 4)), Merged::Same);
        assert_eq!(ids(&list), [2]);
    }

    #[test]
    fn what_is_sorted_otherwise_changes_in_place_and_takes_new_jobs_from_the_server_only() {
        let mut list = rows(vec![job(1, Completed, 1), job(3, Completed, 3), job(2, Completed, 2)]);
        let by_chunks = JobQuery { sort: JobSort::Chunks, ..JobQuery::default() };
        assert_eq!(merged(&mut list, &by_chunks, &mut false, job(4, Completed, 4)), Merged::Unplaced);
        assert_eq!(merged(&mut list, &by_chunks, &mut false, job(3, Pending, 5)), Merged::Same);
        assert_eq!(ids(&list), [1, 3, 2]);
        assert_eq!(list[1].job.read_untracked().status, Pending);
    }

    #[test]
    fn a_row_of_an_older_page_stays_whatever_its_id_is_compared_with_where_the_page_begins() {
        let before = Some(JobCursor { key: 9, job: JobId(Uuid::from_u128(2)) });
        for sort in [JobSort::Chunks, JobSort::Duration] {
            let mut list = rows(vec![job(3, Completed, 1), job(1, Completed, 1)]);
            let older = JobQuery { sort, before, ..JobQuery::default() };
            assert_eq!(merged(&mut list, &older, &mut false, job(3, Completed, 4)), Merged::Same);
            assert_eq!(ids(&list), [3, 1]);
        }
    }

    #[test]
    fn loading_again_keeps_what_is_newer_and_drops_what_is_gone() {
        let mut list = rows(vec![job(3, Running, 7), job(2, Running, 2)]);
        replace(&mut list, vec![job(4, Pending, 5), job(3, Pending, 3)]);
        assert_eq!(ids(&list), [4, 3]);
        assert_eq!(list[1].job.read_untracked().status, Running);
    }
}
