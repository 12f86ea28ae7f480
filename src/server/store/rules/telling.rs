//! What is told to those who count and watch.

use std::sync::Mutex;

use super::*;
use crate::domain::TimedStage;

/// All that a store has told.
type Told = Arc<Mutex<Vec<Event>>>;

/// As [`stores`], with what each store tells.
fn telling_stores() -> Vec<(&'static str, Arc<dyn Store>, Told, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let told = Told::default();
    let heard = told.clone();
    let listener: Listener =
        Arc::new(move |events| heard.lock().unwrap().extend(events.iter().map(|(_, event)| *event)));
    let sqlite = SqliteStore::open_telling(&folder.path().join("sluice.db"), listener).unwrap();
    vec![("sqlite", Arc::new(sqlite), told, folder)]
}

fn taken(told: &Mutex<Vec<Event>>) -> Vec<Event> {
    std::mem::take(&mut told.lock().unwrap())
}

#[tokio::test]
async fn a_jobs_way_is_told_once_it_is_on_disk() {
    for (name, store, told, _folder) in telling_stores() {
        let lease = given_a_claimed_text(&*store).await;
        deliver(&*store, delivery(lease.fence(), vec![ingested(0, 2)], true)).await;
        store.complete_indexed(u64::MAX >> 1, 10, at(2)).await.unwrap();
        let expected = [
            Event::Accepted,
            Event::Took(TimedStage::Waiting, 0),
            Event::Wrote { chunks: 2, bytes: 100 },
            Event::Took(TimedStage::Reading, 1000),
            Event::Completed { chunks: 2 },
            Event::AttemptEnded(AttemptOutcome::Completed),
            Event::Took(TimedStage::Indexing, 1000),
        ];
        assert_eq!(taken(&told), expected, "{name}");
    }
}

#[tokio::test]
async fn every_end_of_an_attempt_is_told_once() {
    let passing = || Failure::that_may_pass("stalled", "It hangs.");
    for (outcome, ends) in [
        (Outcome::Failed(passing()), vec![Event::AttemptEnded(AttemptOutcome::Failed), Event::Failed]),
        (Outcome::TryAgain(passing(), at(9)), vec![Event::AttemptEnded(AttemptOutcome::Failed)]),
        (Outcome::PutOff(passing(), at(9)), vec![Event::AttemptEnded(AttemptOutcome::Released)]),
        (Outcome::Released, vec![Event::AttemptEnded(AttemptOutcome::Released)]),
    ] {
        for (name, store, told, _folder) in telling_stores() {
            let lease = given_a_claimed_text(&*store).await;
            taken(&told);
            for _ in 0..2 {
                store.finish(lease.fence(), outcome.clone(), at(1)).await.unwrap();
            }
            assert_eq!(taken(&told), ends, "{name}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_wish_to_cancel_is_told_and_that_it_is_settled() {
    for (name, store, told, _folder) in telling_stores() {
        let pending = given_a_text(&*store).await.job_id;
        taken(&told);
        store.cancel(pending, at(1)).await.unwrap();
        let expected = [Event::CancelAsked(pending), Event::Cancelled, Event::CancelSettled(pending)];
        assert_eq!(taken(&told), expected, "{name}: nothing was begun");

        let lease = given_a_claimed_text(&*store).await;
        let running = lease.job.job_id;
        taken(&told);
        for _ in 0..2 {
            store.cancel(running, at(1)).await.unwrap();
        }
        assert_eq!(taken(&told), [Event::CancelAsked(running)], "{name}: it still runs");
        assert!(store.withdraw(lease.fence(), 10, at(2)).await.unwrap(), "{name}");
        let expected =
            [Event::Cancelled, Event::AttemptEnded(AttemptOutcome::Cancelled), Event::CancelSettled(running)];
        assert_eq!(taken(&told), expected, "{name}");
    }
}

#[tokio::test]
async fn what_was_undone_is_not_told() {
    for (name, store, told, _folder) in telling_stores() {
        let job = new_job(JobType::TextIngestion, 1);
        accept(&*store, job.clone(), at(0)).await;
        // The same id again.
        assert!(store.accept(job, 1000, at(0)).await.is_err(), "{name}");
        assert_eq!(taken(&told), [Event::Accepted], "{name}");
    }
}

#[tokio::test]
async fn jobs_are_counted_by_status_and_type() {
    for (name, store, _folder) in stores() {
        assert_eq!(store.job_counts().await.unwrap(), [], "{name}");
        given_a_failed_text(&*store).await;
        accept(&*store, new_job(JobType::BatchIngestion, 2), at(0)).await;
        accept(&*store, new_job(JobType::BatchIngestion, 2), at(0)).await;
        let mut counts = store.job_counts().await.unwrap();
        counts.retain(|count| count.jobs > 0);
        let expected = [
            JobCount { status: JobStatus::Failed, job_type: JobType::TextIngestion, jobs: 1 },
            JobCount { status: JobStatus::Pending, job_type: JobType::BatchIngestion, jobs: 2 },
        ];
        assert_eq!(counts, expected, "{name}");
    }
}

#[tokio::test]
async fn a_document_waits_for_the_index_until_its_change_is_passed() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        assert_eq!(store.unindexed_since(0).await.unwrap(), None, "{name}: jobs alone are not waited for");
        deliver(&*store, delivery(lease.fence(), vec![ingested(0, 1)], true)).await;
        assert_eq!(store.unindexed_since(0).await.unwrap(), Some(at(1)), "{name}");
        let latest = *store.changes().borrow();
        assert_eq!(store.unindexed_since(latest).await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn a_write_that_tries_the_store_reaches_its_files_and_is_no_change() {
    for (name, store, folder) in stores() {
        given_a_text(&*store).await;
        let bytes = || -> u64 {
            let files = std::fs::read_dir(folder.path()).unwrap();
            files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
        };
        let before = (bytes(), *store.changes().borrow());
        store.check_writable().await.unwrap();
        assert!(bytes() > before.0, "{name}");
        assert_eq!(*store.changes().borrow(), before.1, "{name}");
    }
}
