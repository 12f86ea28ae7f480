//! How jobs are chosen, ordered and counted, and how the queue is set.

use super::*;
use crate::domain::{JobCause, JobSort, Moment};

/// A file with this name, accepted at this second.
async fn given_a_file(store: &dyn Store, name: &str, second: i64) -> JobId {
    let job = NewJob { name: name.into(), ..new_job(JobType::FileIngestion, 1) };
    accept(store, job, at(second)).await.job_id
}

/// Completes the job that is due with these chunks, so many seconds after it began.
async fn completed_after(store: &dyn Store, seconds: i64, chunk_count: u64) -> JobId {
    let lease = claim_one(store, at(50)).await;
    deliver(store, delivery(lease.fence(), vec![ingested(0, chunk_count)], true)).await;
    store.complete_indexed(u64::MAX >> 1, 10, at(50 + seconds)).await.unwrap();
    lease.job.job_id
}

/// Fails the job that is due.
async fn failed_with(store: &dyn Store, code: &'static str) -> JobId {
    let lease = claim_one(store, at(50)).await;
    let failure = Failure::new(code, format!("It is {code}."));
    store.finish(lease.fence(), Outcome::Failed(failure), at(51)).await.unwrap();
    lease.job.job_id
}

/// Completes the batch that is due, one of whose two items failed.
pub(super) async fn completed_in_part(store: &dyn Store) -> JobId {
    accept(store, new_job(JobType::BatchIngestion, 2), at(0)).await;
    let lease = claim_one(store, at(50)).await;
    deliver(store, delivery(lease.fence(), vec![ingested(0, 2), failed(1)], true)).await;
    store.complete_indexed(u64::MAX >> 1, 10, at(52)).await.unwrap();
    lease.job.job_id
}

#[tokio::test]
async fn a_filter_chooses_and_counts_the_same_jobs_as_its_rule() {
    for (name, store, _folder) in stores() {
        given_a_file(&*store, "Encrypted Report.pdf", 0).await;
        failed_with(&*store, "encrypted").await;
        given_a_file(&*store, "notes.txt", 1).await;
        completed_after(&*store, 1, 3).await;
        completed_in_part(&*store).await;
        let waiting = given_a_file(&*store, "100% of_it.txt", 60).await;

        let all = page(&*store, JobQuery::default()).await.jobs;
        let any = JobFilter::default;
        let text = |text: &str| JobFilter { text: text.into(), ..any() };
        let id = waiting.to_string();
        for (filter, count) in [
            (any(), 4),
            (JobFilter { status: Some(JobStatus::Completed), ..any() }, 2),
            (JobFilter { job_type: Some(JobType::BatchIngestion), ..any() }, 1),
            (JobFilter { attention: true, ..any() }, 2),
            (JobFilter { attention: true, status: Some(JobStatus::Completed), ..any() }, 1),
            (JobFilter { error_code: "encrypted".into(), ..any() }, 1),
            (JobFilter { attention: true, error_code: "items_failed".into(), ..any() }, 1),
            (JobFilter { attention: true, error_code: "damaged".into(), ..any() }, 0),
            (text("report.PDF"), 1),
            (text("it is encrypted"), 1),
            (text("100% OF_IT"), 1),
            (text("%"), 1),
            (text(&id[..id.len() - 1]), 1),
            (text("txt"), 2),
            (JobFilter { since: Some(Moment::At(at(1))), ..any() }, 2),
            (JobFilter { until: Some(Moment::At(at(1))), ..any() }, 3),
            (JobFilter { since: Some(Moment::Ago { minutes: 1 }), ..any() }, 1),
        ] {
            let found = page(&*store, JobQuery::newest(filter.clone())).await;
            let expected: Vec<_> = all.iter().filter(|job| filter.matches(job, at(100))).cloned().collect();
            assert_eq!(found.jobs, expected, "{name}: {filter:?}");
            assert_eq!((found.total_count, found.jobs.len()), (count, count as usize), "{name}: {filter:?}");
            let selection = JobSelection { filter: filter.clone(), ids: Vec::new() };
            let mut chosen: Vec<_> = expected.iter().map(|job| job.job_id).collect();
            chosen.reverse();
            assert_eq!(store.select(selection, at(100)).await.unwrap(), chosen, "{name}: {filter:?}");
        }
        let stats = store.stats().await.unwrap();
        assert_eq!(stats.needs_attention, 2, "{name}");
    }
}

#[tokio::test]
async fn jobs_with_warnings_are_chosen_by_the_store() {
    for (name, store, _folder) in stores() {
        given_a_completed_text(&*store).await;
        let lease = given_a_claimed_text(&*store).await;
        let mut item = ingested(0, 1);
        if let Some(document) = item.outcome.document_mut() {
            document.warnings.push(Warning::new("guessed", "The encoding was guessed."));
        }
        deliver(&*store, delivery(lease.fence(), vec![item], true)).await;

        let filter = JobFilter { warned: true, ..JobFilter::default() };
        let found = page(&*store, JobQuery::newest(filter)).await;
        assert_eq!((found.total_count, found.jobs.len()), (1, 1), "{name}");
        assert_eq!(found.jobs[0].job_id, lease.job.job_id, "{name}");
    }
}

#[tokio::test]
async fn every_order_is_walked_in_pages_that_miss_nothing() {
    for (name, store, _folder) in stores() {
        let mut ids = Vec::new();
        for (seconds, chunk_count) in [(9, 1), (3, 7), (3, 7), (0, 2)] {
            given_a_file(&*store, "a file", 0).await;
            ids.push(completed_after(&*store, seconds, chunk_count).await);
        }
        ids.push(given_a_file(&*store, "waits", 0).await);
        for (sort, expected) in [
            (JobSort::Created, [4, 3, 2, 1, 0]),
            (JobSort::Duration, [0, 2, 1, 4, 3]),
            (JobSort::Chunks, [2, 1, 3, 0, 4]),
        ] {
            let mut seen = Vec::new();
            let mut before = None;
            loop {
                let query = JobQuery { sort, before, limit: 2, ..JobQuery::default() };
                let page = page(&*store, query).await;
                assert_eq!(page.total_count, 5, "{name}");
                seen.extend(page.jobs.iter().map(|job| job.job_id));
                before = page.next;
                if before.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected.map(|place: usize| ids[place]), "{name}: {sort}");
        }
    }
}

#[tokio::test]
async fn causes_are_grouped_most_frequent_first_with_what_the_newest_says() {
    for (name, store, _folder) in stores() {
        for (file, code) in [("a", "encrypted"), ("b", "no_text"), ("c", "encrypted")] {
            given_a_file(&*store, file, 0).await;
            failed_with(&*store, code).await;
        }
        completed_in_part(&*store).await;
        let causes = store.causes().await.unwrap();
        let cause = |code: &str, count, example: &str| JobCause::new(code.into(), count, example.into());
        assert_eq!(
            causes,
            [
                cause("encrypted", 2, "It is encrypted."),
                cause("items_failed", 1, "It has no text."),
                cause("no_text", 1, "It is no_text."),
            ],
            "{name}"
        );
        for cause in causes {
            let found = page(&*store, JobQuery::newest(cause.job_filter())).await;
            assert_eq!(found.total_count, cause.count, "{name}");
        }
    }
}

#[tokio::test]
async fn places_in_the_queue_are_those_of_each_job_alone() {
    for (name, store, _folder) in stores() {
        let mut ids = Vec::new();
        for second in [40, 0, 20] {
            ids.push(given_a_file(&*store, "a file", second).await);
        }
        // Counts as due at 35.
        let bulk = NewJob { bulk: true, ..new_job(JobType::DirectoryIngestion, 0) };
        ids.push(accept(&*store, bulk, at(5)).await.job_id);
        let places = store.places(ids.clone()).await.unwrap();
        assert_eq!(places, ids.iter().copied().zip([3, 0, 1, 2]).collect::<Vec<_>>(), "{name}");
        for (id, place) in places {
            assert_eq!(store.jobs_ahead(id).await.unwrap(), Some(place), "{name}");
        }
        let ended = given_a_completed_text(&*store).await;
        assert!(store.places(vec![ended.job_id]).await.unwrap().is_empty(), "{name}");
        assert_eq!(store.oldest_pending().await.unwrap(), Some(at(40)), "{name}: the first of the ids");
    }
}

#[tokio::test]
async fn what_was_set_of_the_queue_stays_and_what_was_not_said_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.queue_settings().await.unwrap(), QueueSettings::default());
    store.change_queue(QueueChange { paused: Some(true), max_concurrent_jobs: None }).await.unwrap();
    store.change_queue(QueueChange { paused: None, max_concurrent_jobs: Some(7) }).await.unwrap();
    drop(store);

    let store = SqliteStore::open(&path).unwrap();
    let expected = QueueSettings { paused: true, max_concurrent_jobs: Some(7) };
    assert_eq!(store.queue_settings().await.unwrap(), expected);
}
