//! What is counted over time.

use super::choosing::completed_in_part;
use super::*;
use crate::domain::{HistoryPoint, TimedStage};

async fn history(store: &dyn Store, range: HistoryRange, now: DateTime<Utc>) -> History {
    store.history(range, now).await.unwrap()
}

/// All points of a range together.
fn sum(history: &History) -> HistoryPoint {
    history.points.iter().fold(HistoryPoint::empty(history.from), |sum, it| HistoryPoint {
        at: sum.at,
        accepted: sum.accepted + it.accepted,
        completed: sum.completed + it.completed,
        failed: sum.failed + it.failed,
        cancelled: sum.cancelled + it.cancelled,
        chunks: sum.chunks + it.chunks,
    })
}

#[tokio::test]
async fn each_job_is_counted_when_it_comes_and_when_it_ends() {
    for (name, store, _folder) in stores() {
        given_a_completed_text(&*store).await;
        given_a_failed_text(&*store).await;
        let cancelled = given_a_text(&*store).await.job_id;
        store.cancel(cancelled, at(60)).await.unwrap();

        let history = history(&*store, HistoryRange::Hour, at(61)).await;
        assert_eq!((history.points.len(), history.step_seconds), (60, 60), "{name}");
        let counts =
            HistoryPoint { accepted: 3, completed: 1, failed: 1, chunks: 2, ..HistoryPoint::empty(at(0)) };
        assert_eq!(history.points[58], counts, "{name}");
        let counts = HistoryPoint { cancelled: 1, ..HistoryPoint::empty(at(60)) };
        assert_eq!(history.points[59], counts, "{name}");
        assert_eq!(history.points[0], HistoryPoint::empty(history.from), "{name}: zeros are told, too");
    }
}

#[tokio::test]
async fn a_job_completes_once_and_what_a_retry_adds_is_counted_alone() {
    for (name, store, _folder) in stores() {
        let id = completed_in_part(&*store).await;
        let counts = async || {
            let sum = sum(&history(&*store, HistoryRange::Hour, at(99)).await);
            (sum.completed, sum.chunks)
        };
        assert_eq!(counts().await, (1, 2), "{name}");
        store.retry(id, 3, at(60)).await.unwrap();
        let fence = claim_one(&*store, at(61)).await.fence();
        deliver(&*store, delivery(fence, vec![ingested(1, 3)], true)).await;
        store.complete_indexed(u64::MAX >> 1, 10, at(62)).await.unwrap();
        assert_eq!(job(&*store, id).await.chunks_created, 5, "{name}");
        assert_eq!(counts().await, (1, 5), "{name}");
    }
}

#[tokio::test]
async fn a_step_that_was_undone_is_not_counted() {
    for (name, store, _folder) in stores() {
        let job = new_job(JobType::TextIngestion, 1);
        accept(&*store, job.clone(), at(0)).await;
        // The same id again.
        assert!(store.accept(job, 1000, at(0)).await.is_err(), "{name}");
        assert_eq!(sum(&history(&*store, HistoryRange::Hour, at(1)).await).accepted, 1, "{name}");
    }
}

#[tokio::test]
async fn stages_are_timed_from_due_to_claimed_to_read_to_found() {
    for (name, store, _folder) in stores() {
        for _ in 0..3 {
            accept(&*store, new_job(JobType::TextIngestion, 1), at(0)).await;
            let lease = claim_one(&*store, at(8)).await;
            let delivery = delivery(lease.fence(), vec![ingested(0, 1)], true);
            store.deliver(vec![delivery], at(9)).await.unwrap();
        }
        store.complete_indexed(u64::MAX >> 1, 10, at(69)).await.unwrap();

        let stages = history(&*store, HistoryRange::Day, at(70)).await.stages;
        let about = |stage: usize, milliseconds: f64| {
            let off = (stages[stage].p50_ms as f64 - milliseconds).abs();
            assert!(off < milliseconds * 0.1, "{name}: {:?}", stages[stage]);
            assert_eq!((stages[stage].count, stages[stage].stage), (3, TimedStage::ALL[stage]), "{name}");
        };
        about(0, 8000.0);
        about(1, 1000.0);
        about(2, 60_000.0);
    }
}

#[tokio::test]
async fn the_wait_for_another_attempt_is_not_the_queues() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let cause = Failure::that_may_pass("stalled", "It hangs.");
        store.finish(lease.fence(), Outcome::TryAgain(cause, at(600)), at(1)).await.unwrap();
        claim_one(&*store, at(600)).await;
        let waiting = history(&*store, HistoryRange::Hour, at(601)).await.stages[0];
        assert!(waiting.count == 2 && waiting.p99_ms <= 1, "{name}: {waiting:?}");
    }
}

#[tokio::test]
async fn history_is_there_after_the_store_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let store = SqliteStore::open(&path).unwrap();
    given_a_completed_text(&store).await;
    let before = history(&store, HistoryRange::Hour, at(3)).await;
    assert_eq!(sum(&before).completed, 1);
    drop(store);
    assert_eq!(history(&SqliteStore::open(&path).unwrap(), HistoryRange::Hour, at(3)).await, before);
}

#[tokio::test]
async fn summing_up_what_is_long_ago_changes_no_range() {
    const DAY: i64 = 24 * 3600;
    for (name, store, _folder) in stores() {
        // Minutes of the last hours, of yesterday, and of days ago.
        for minutes in [0, 1, 50, 130, 135, 600, 1300, 1500, 2900, 4000, 7000] {
            accept(&*store, new_job(JobType::TextIngestion, 1), at(-60 * minutes)).await;
        }
        while !claim(&*store, 8, at(0)).await.is_empty() {}
        accept(&*store, new_job(JobType::TextIngestion, 1), at(-9 * DAY)).await;
        let mut before = Vec::new();
        for range in HistoryRange::ALL {
            before.push(history(&*store, range, at(5)).await);
        }
        assert_eq!(sum(&before[2]).accepted, 11, "{name}");

        for fold in 1..=2 {
            store.fold_history(at(5)).await.unwrap();
            for range in &before {
                assert_eq!(history(&*store, range.range, at(5)).await, *range, "{name}: fold {fold}");
            }
        }
        let long_ago = history(&*store, HistoryRange::Week, at(-9 * DAY)).await;
        assert_eq!(sum(&long_ago).accepted, 0, "{name}: it is forgotten");
    }
}
