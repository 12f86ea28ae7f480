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
            let job = accept(&*store, new_job(JobType::FileIngestion, 1), at(second)).await;
            accepted.push((second, job.job_id));
        }
        accepted.sort();

        let mut claimed = Vec::new();
        for _ in 0..3 {
            claimed.push(claim_one(&*store, at(10)).await.job.job_id);
        }

        assert_eq!(claimed, accepted.iter().map(|(_, id)| *id).collect::<Vec<_>>(), "{name}");
        assert!(claim(&*store, 8, at(10)).await.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn nothing_is_claimed_while_the_queue_is_paused() {
    for (name, store, _folder) in stores() {
        given_a_text(&*store).await;
        let pause = |paused| QueueChange { paused: Some(paused), max_concurrent_jobs: None };
        store.change_queue(pause(true)).await.unwrap();
        assert!(claim(&*store, 8, at(10)).await.is_empty(), "{name}");
        store.change_queue(pause(false)).await.unwrap();
        claim_one(&*store, at(10)).await;
    }
}

#[tokio::test]
async fn a_job_is_not_claimed_before_it_is_due() {
    for (name, store, _folder) in stores() {
        accept(&*store, new_job(JobType::TextIngestion, 1), at(5)).await;
        assert!(claim(&*store, 8, at(4)).await.is_empty(), "{name}");
        claim_one(&*store, at(5)).await;
    }
}

#[tokio::test]
async fn small_texts_are_claimed_together_and_nothing_else_is() {
    for (name, store, _folder) in stores() {
        for _ in 0..5 {
            given_a_text(&*store).await;
        }
        accept(&*store, new_job(JobType::FileIngestion, 1), at(0)).await;
        given_a_text(&*store).await;

        let mut sizes = Vec::new();
        for _ in 0..4 {
            sizes.push(claim(&*store, 4, at(1)).await.len());
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
        assert_eq!(claim(&*store, 8, at(1)).await.len(), 2, "{name}");
        store.rescue(at(62), at(62)).await.unwrap();

        assert_eq!(claim(&*store, 8, at(62)).await.len(), 1, "{name}");
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

        let failure = Failure::new("no_text", "");
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

#[tokio::test]
async fn a_full_queue_takes_no_more_until_a_job_has_begun() {
    for (name, store, _folder) in stores() {
        let one_more = || new_job(JobType::TextIngestion, 1);
        assert_ne!(store.accept(one_more(), 2, at(0)).await.unwrap(), Acceptance::Full, "{name}");
        assert_ne!(store.accept(one_more(), 2, at(0)).await.unwrap(), Acceptance::Full, "{name}");
        assert_eq!(store.accept(one_more(), 2, at(0)).await.unwrap(), Acceptance::Full, "{name}");
        claim_one(&*store, at(0)).await;
        assert_ne!(store.accept(one_more(), 2, at(0)).await.unwrap(), Acceptance::Full, "{name}");
    }
}

#[tokio::test]
async fn a_bulk_job_gives_way_for_half_a_minute_and_no_longer() {
    for (name, store, _folder) in stores() {
        let bulk = NewJob { bulk: true, ..new_job(JobType::BatchIngestion, 5000) };
        let bulk = accept(&*store, bulk, at(0)).await.job_id;
        let soon = accept(&*store, new_job(JobType::FileIngestion, 1), at(29)).await.job_id;
        let late = accept(&*store, new_job(JobType::FileIngestion, 1), at(31)).await.job_id;
        let mut ahead = Vec::new();
        for id in [soon, bulk, late] {
            ahead.push(store.jobs_ahead(id).await.unwrap());
        }
        assert_eq!(ahead, [Some(0), Some(1), Some(2)], "{name}");

        let mut order = Vec::new();
        for _ in 0..3 {
            order.push(claim_one(&*store, at(40)).await.job.job_id);
        }
        assert_eq!(order, [soon, bulk, late], "{name}");
        assert_eq!(store.jobs_ahead(bulk).await.unwrap(), None, "{name}: it has begun");
    }
}

#[tokio::test]
async fn a_worker_may_leave_bulk_jobs_alone() {
    for (name, store, _folder) in stores() {
        let bulk = NewJob { bulk: true, ..new_job(JobType::BatchIngestion, 5000) };
        accept(&*store, bulk, at(0)).await;
        let claim = |bulk| Claim { worker: WorkerId("w".into()), group: 8, bulk, lease_until: at(99) };
        assert!(store.claim(claim(false), at(40)).await.unwrap().is_empty(), "{name}");
        assert!(store.claim(claim(true), at(40)).await.unwrap()[0].bulk, "{name}");
    }
}

#[tokio::test]
async fn of_the_jobs_that_did_not_survive_a_crash_only_one_runs_at_a_time() {
    for (name, store, _folder) in stores() {
        for _ in 0..3 {
            given_a_text(&*store).await;
        }
        assert_eq!(claim(&*store, 8, at(0)).await.len(), 3, "{name}");
        store.rescue(at(61), at(61)).await.unwrap();
        let unharmed = accept(&*store, new_job(JobType::FileIngestion, 1), at(61)).await.job_id;

        let suspect = claim_one(&*store, at(62)).await;
        assert_eq!(claim_one(&*store, at(62)).await.job.job_id, unharmed, "{name}");
        assert!(claim(&*store, 8, at(62)).await.is_empty(), "{name}");
        deliver(&*store, delivery(suspect.fence(), vec![ingested(0, 1)], true)).await;
        assert_eq!(claim(&*store, 8, at(62)).await.len(), 1, "{name}: the next one");
    }
}
