//! How many jobs are changed at once, and how the failed items of a completed job are tried again.

use super::choosing::completed_in_part;
use super::*;

#[tokio::test]
async fn many_jobs_are_cancelled_each_as_it_would_be_alone() {
    for (name, store, _folder) in stores() {
        let completed = given_a_completed_text(&*store).await;
        let running = given_a_claimed_text(&*store).await.job;
        let pending = given_a_text(&*store).await;
        let unknown = JobId(Uuid::now_v7());
        let ids = vec![completed.job_id, running.job_id, pending.job_id, unknown];

        let changes = store.cancel_many(ids.clone(), at(5)).await.unwrap();
        assert_eq!(changes[0], Change::Refused(completed), "{name}");
        assert!(matches!(&changes[1], Change::Done(job) if job.cancel_requested), "{name}");
        assert!(matches!(&changes[2], Change::Done(job) if job.status == JobStatus::Cancelled), "{name}");
        assert_eq!(changes[3], Change::Unknown, "{name}");
        let again = store.cancel_many(ids[1..2].to_vec(), at(6)).await.unwrap();
        assert!(matches!(&again[..], [Change::Refused(job)] if job.cancel_requested), "{name}");
    }
}

#[tokio::test]
async fn many_jobs_are_retried_each_as_it_would_be_alone() {
    for (name, store, _folder) in stores() {
        let completed = given_a_completed_text(&*store).await;
        let failed = given_a_failed_text(&*store).await;
        let changes = store.retry_many(vec![completed.job_id, failed.job_id], 3, at(5)).await.unwrap();
        assert_eq!(changes[0], Change::Refused(completed), "{name}");
        assert!(matches!(&changes[1], Change::Done(job) if job.status == JobStatus::Pending), "{name}");
    }
}

#[tokio::test]
async fn only_final_jobs_are_deleted_and_their_documents_stay() {
    for (name, store, _folder) in stores() {
        let completed = given_a_completed_text(&*store).await;
        let running = given_a_claimed_text(&*store).await.job;
        let pending = given_a_text(&*store).await;
        let ids = vec![completed.job_id, running.job_id, pending.job_id];

        let changes = store.delete_many(ids, 100).await.unwrap();
        assert!(matches!(changes[..], [Change::Done(_), Change::Refused(_), Change::Refused(_)]), "{name}");
        assert_eq!(store.job(completed.job_id).await.unwrap(), None, "{name}");
        assert_eq!(store.stats().await.unwrap().total_jobs, 2, "{name}");
        assert_eq!(store.totals().await.unwrap().documents, 1, "{name}");
    }
}

#[tokio::test]
async fn deleting_a_job_with_many_items_takes_several_steps() {
    for (name, store, _folder) in stores() {
        let id = completed_in_part(&*store).await;
        let other = given_a_failed_text(&*store).await.job_id;
        let first = store.delete_many(vec![id, other], 2).await.unwrap();
        assert_eq!(first, [], "{name}: its two items went");
        let second = store.delete_many(vec![id, other], 1).await.unwrap();
        assert_eq!(second.len(), 1, "{name}");
        assert_eq!(store.job(id).await.unwrap(), None, "{name}");
        assert!(store.job(other).await.unwrap().is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_completed_job_with_failed_items_is_retried_for_those_alone() {
    for (name, store, _folder) in stores() {
        let id = completed_in_part(&*store).await;
        assert_eq!(store.stats().await.unwrap().needs_attention, 1, "{name}");

        let Change::Done(again) = store.retry(id, 3, at(60)).await.unwrap() else { panic!("{name}") };
        assert_eq!(again.status, JobStatus::Pending, "{name}");
        assert_eq!((again.processed_items, again.failed_items, again.chunks_created), (1, 0, 2), "{name}");
        assert_eq!(store.stats().await.unwrap().needs_attention, 0, "{name}");
        assert_eq!(chunks_of(&*store, DocumentId::of(id, 0)).await, Some(2), "{name}: it stays");

        let lease = claim_one(&*store, at(61)).await;
        assert_eq!(lease.source, "a source", "{name}: it was kept");
        let delivered = store.delivered_items(id).await.unwrap();
        assert_eq!(delivered.into_keys().collect::<Vec<_>>(), [0], "{name}");
        let mut rest = delivery(lease.fence(), vec![ingested(1, 3)], true);
        // What the reader counts does not matter: the items are there to be counted.
        rest.progress.items_done = 7;
        deliver(&*store, rest).await;
        store.complete_indexed(u64::MAX >> 1, 10, at(62)).await.unwrap();
        let done = job(&*store, id).await;
        assert_eq!(
            (done.status, done.processed_items, done.failed_items, done.chunks_created),
            (JobStatus::Completed, 2, 0, 5),
            "{name}"
        );
        assert_eq!(done.message, "2 items ingested successfully", "{name}");
        assert_eq!(store.retry(id, 3, at(63)).await.unwrap(), Change::Refused(done), "{name}");
    }
}

#[tokio::test]
async fn failed_items_are_tried_as_often_as_they_fail() {
    for (name, store, _folder) in stores() {
        let id = completed_in_part(&*store).await;
        for second in [60, 70] {
            assert!(matches!(store.retry(id, 3, at(second)).await.unwrap(), Change::Done(_)), "{name}");
            let lease = claim_one(&*store, at(second)).await;
            deliver(&*store, delivery(lease.fence(), vec![failed(1)], true)).await;
            store.complete_indexed(u64::MAX >> 1, 10, at(second + 1)).await.unwrap();
            let done = job(&*store, id).await;
            assert_eq!(done.message, "1 of 2 items ingested, 1 failed", "{name}");
        }
    }
}

#[tokio::test]
async fn failed_items_whose_source_was_not_kept_are_refused() {
    // As a database of before this rule has them.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let store = SqliteStore::open(&path).unwrap();
    let id = completed_in_part(&store).await;
    rusqlite::Connection::open(&path).unwrap().execute("delete from job_source", []).unwrap();
    assert!(matches!(store.retry(id, 3, at(60)).await.unwrap(), Change::SourceGone(_)));
    assert!(matches!(store.retry_many(vec![id], 3, at(60)).await.unwrap()[..], [Change::SourceGone(_)]));
}

#[tokio::test]
async fn a_crash_during_the_retry_of_failed_items_keeps_what_was_ingested() {
    for (name, store, _folder) in stores() {
        let id = completed_in_part(&*store).await;
        store.retry(id, 3, at(60)).await.unwrap();
        claim_one(&*store, at(61)).await;
        store.rescue(at(999), at(999)).await.unwrap();
        let again = job(&*store, id).await;
        assert_eq!((again.status, again.processed_items), (JobStatus::Pending, 1), "{name}");
        assert_eq!(chunks_of(&*store, DocumentId::of(id, 0)).await, Some(2), "{name}");
        assert_eq!(claim_one(&*store, at(1000)).await.source, "a source", "{name}");
    }
}

#[tokio::test]
async fn cancelling_the_retry_of_failed_items_leaves_the_job_as_it_had_completed() {
    for (name, store, _folder) in stores() {
        for begun in [false, true] {
            let id = completed_in_part(&*store).await;
            store.retry(id, 3, at(60)).await.unwrap();
            if begun {
                claim_one(&*store, at(61)).await;
            }
            let Change::Done(asked) = store.cancel(id, at(62)).await.unwrap() else { panic!("{name}") };
            assert!(asked.cancel_requested, "{name}");
            assert!(store.withdraw(Fence::of(&asked), 10, at(63)).await.unwrap(), "{name}");
            store.complete_indexed(u64::MAX >> 1, 10, at(64)).await.unwrap();
            let done = job(&*store, id).await;
            assert_eq!((done.status, done.failed_items), (JobStatus::Completed, 1), "{name}");
            assert_eq!(done.message, "1 of 2 items ingested, 1 failed", "{name}");
            assert_eq!(chunks_of(&*store, DocumentId::of(id, 0)).await, Some(2), "{name}");
            assert!(matches!(store.retry(id, 3, at(70)).await.unwrap(), Change::Done(_)), "{name}");
            claim_one(&*store, at(71)).await;
        }
    }
}
