//! A job's way into the queue and to a worker.

use super::*;

#[tokio::test]
async fn an_accepted_job_is_pending_with_all_it_was_given() {
    for (name, store, _folder) in stores() {
        let job = given_a_text(&*store).await;

        assert_eq!(job.status, JobStatus::Pending, "{name}");
        assert_eq!(store.job(job.job_id).await.unwrap(), Some(job.clone()), "{name}");
        assert_eq!((job.attempt, job.max_attempts, job.total_items), (0, 3, 1), "{name}");
        assert_eq!(job.created_at, at(0), "{name}");
        assert_eq!(job.metadata.0["source"], "test", "{name}");
        assert_eq!(store.stats().await.unwrap().pending, 1, "{name}");
    }
}

#[tokio::test]
async fn accepted_jobs_are_there_after_the_store_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let store = SqliteStore::open(&path).unwrap();
    let job = given_a_text(&store).await;
    let seq = *store.changes().borrow();
    drop(store);

    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.job(job.job_id).await.unwrap(), Some(job));
    assert_eq!(*store.changes().borrow(), seq, "change numbers go on where they ended");
}

#[tokio::test]
async fn the_job_that_waits_longest_is_claimed_first_and_only_once() {
    for (name, store, _folder) in stores() {
        let mut accepted = Vec::new();
        for second in [2, 0, 1] {
            let job = store.accept(new_job(JobType::FileIngestion, 1), at(second)).await.unwrap();
            accepted.push((second, job.job_id));
        }
        accepted.sort();

        let mut claimed = Vec::new();
        for _ in 0..3 {
            claimed.push(claim_one(&*store, at(10)).await.job.job_id);
        }

        assert_eq!(claimed, accepted.iter().map(|(_, id)| *id).collect::<Vec<_>>(), "{name}");
        assert!(store.claim(&worker("w"), 8, at(70), at(10)).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_job_is_not_claimed_before_it_is_due() {
    for (name, store, _folder) in stores() {
        store.accept(new_job(JobType::TextIngestion, 1), at(5)).await.unwrap();
        assert!(store.claim(&worker("w"), 8, at(60), at(4)).await.unwrap().is_empty(), "{name}");
        claim_one(&*store, at(5)).await;
    }
}

#[tokio::test]
async fn small_texts_are_claimed_together_and_nothing_else_is() {
    for (name, store, _folder) in stores() {
        for _ in 0..5 {
            given_a_text(&*store).await;
        }
        store.accept(new_job(JobType::FileIngestion, 1), at(0)).await.unwrap();
        given_a_text(&*store).await;

        let mut sizes = Vec::new();
        for _ in 0..4 {
            sizes.push(store.claim(&worker("w"), 4, at(60), at(1)).await.unwrap().len());
        }

        assert_eq!(
            sizes,
            [4, 1, 1, 1],
            "{name}: four texts, the fifth before a file, the file, the last text"
        );
    }
}

#[tokio::test]
async fn a_text_that_was_tried_before_comes_alone() {
    for (name, store, _folder) in stores() {
        given_a_text(&*store).await;
        given_a_text(&*store).await;
        assert_eq!(store.claim(&worker("w"), 8, at(60), at(1)).await.unwrap().len(), 2, "{name}");
        store.rescue(at(61), at(61)).await.unwrap();

        assert_eq!(store.claim(&worker("w"), 8, at(120), at(62)).await.unwrap().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_claim_counts_an_attempt_and_starts_at_no_progress() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        assert_eq!((lease.job.status, lease.job.attempt), (JobStatus::Running, 1), "{name}");
        assert_eq!(lease.job.stage, Some(Stage::Reading), "{name}");
        assert_eq!(lease.job.started_at, Some(at(0)), "{name}");
        assert_eq!(lease.source, "a source", "{name}");
    }
}

#[tokio::test]
async fn a_heartbeat_keeps_the_lease_and_progress_never_goes_back() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let half = Progress { bytes_done: 50, bytes_total: 100, ..Progress::default() };
        let verdict = store.heartbeat(lease.fence(), half, at(200)).await.unwrap();
        assert_eq!(verdict, Verdict::GoOn, "{name}");
        let shown = job(&*store, lease.job.job_id).await.progress;
        assert!(shown > 0.0, "{name}");

        let back = Progress { bytes_done: 10, bytes_total: 100, ..Progress::default() };
        store.heartbeat(lease.fence(), back, at(200)).await.unwrap();
        assert_eq!(job(&*store, lease.job.job_id).await.progress, shown, "{name}");

        assert_eq!(store.rescue(at(100), at(100)).await.unwrap(), Rescued::default(), "{name}");
        assert_eq!(store.rescue(at(201), at(201)).await.unwrap().requeued, 1, "{name}");
    }
}

#[tokio::test]
async fn a_lost_lease_changes_nothing() {
    for (name, store, _folder) in stores() {
        let first = given_a_claimed_text(&*store).await;
        store.rescue(at(61), at(61)).await.unwrap();
        let second = claim_one(&*store, at(62)).await;
        let before = job(&*store, second.job.job_id).await;
        let late = first.fence();

        let failure = Failure { code: "no_text", message: String::new() };
        assert_eq!(
            store.heartbeat(late, Progress::default(), at(300)).await.unwrap(),
            Verdict::LeaseLost,
            "{name}"
        );
        assert_eq!(store.open_version(late).await.unwrap(), Err(Verdict::LeaseLost), "{name}");
        assert_eq!(
            store.append_chunks(late, Version(1), chunks(1), Progress::default()).await.unwrap(),
            Verdict::LeaseLost,
            "{name}"
        );
        assert_eq!(
            deliver(&*store, delivery(late, vec![ingested(0, 1)], true)).await,
            Verdict::LeaseLost,
            "{name}"
        );
        assert_eq!(
            store.finish(late, Outcome::Failed(failure), at(63)).await.unwrap(),
            Verdict::LeaseLost,
            "{name}"
        );
        assert_eq!(
            store.finish(late, Outcome::Released, at(63)).await.unwrap(),
            Verdict::LeaseLost,
            "{name}"
        );

        assert_eq!(job(&*store, second.job.job_id).await, before, "{name}");
        assert_eq!(store.totals().await.unwrap(), Totals::default(), "{name}");
    }
}

#[tokio::test]
async fn many_writers_share_transactions_and_each_gets_its_own_answer() {
    for (name, store, _folder) in stores() {
        let jobs = futures::future::join_all((0..300).map(|_| given_a_text(&*store))).await;
        let numbers: HashSet<u64> = jobs.iter().map(|job| job.seq).collect();
        assert_eq!(numbers.len(), 300, "{name}: no change number is used twice");
        assert_eq!(store.stats().await.unwrap().total_jobs, 300, "{name}");
    }
}

#[tokio::test]
async fn a_heartbeat_without_progress_is_no_change() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let before = *store.changes().borrow();
        store.heartbeat(lease.fence(), Progress::default(), at(60)).await.unwrap();
        assert_eq!(*store.changes().borrow(), before, "{name}");
    }
}
