//! How jobs end, are tried again, and go.

use super::*;

#[tokio::test]
async fn a_delivered_job_completes_when_the_index_has_passed_it() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let id = lease.job.job_id;
        assert_eq!(
            deliver(&*store, delivery(lease.fence(), vec![ingested(0, 2)], true)).await,
            Verdict::GoOn
        );

        let waiting = job(&*store, id).await;
        assert_eq!((waiting.status, waiting.stage), (JobStatus::Running, Some(Stage::Indexing)), "{name}");
        assert!(store.complete_indexed(lease.job.seq, 10, at(2)).await.unwrap().is_empty(), "{name}");
        let page = store.index_page(FeedCursor::default(), 1 << 20).await.unwrap();
        assert_eq!(page.chunks.len(), 2, "{name}");
        assert_eq!(store.complete_indexed(page.cursor.seq, 10, at(2)).await.unwrap(), [id], "{name}");

        let done = job(&*store, id).await;
        assert_eq!(
            (done.status, done.progress, done.chunks_created),
            (JobStatus::Completed, 1.0, 2),
            "{name}"
        );
        assert_eq!(
            (done.completed_at, done.message.as_str()),
            (Some(at(2)), "Text ingested successfully"),
            "{name}"
        );
        assert_eq!(store.stats().await.unwrap().total_chunks_created, 2, "{name}");
    }
}

#[tokio::test]
async fn waiting_for_the_index_needs_no_lease() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        deliver(&*store, delivery(lease.fence(), vec![ingested(0, 1)], true)).await;
        assert_eq!(store.rescue(at(9999), at(9999)).await.unwrap(), Rescued::default(), "{name}");
    }
}

#[tokio::test]
async fn a_pending_job_is_cancelled_at_once() {
    for (name, store, _folder) in stores() {
        let pending = given_a_text(&*store).await;
        let Change::Done(cancelled) = store.cancel(pending.job_id, at(1)).await.unwrap() else {
            panic!("{name}")
        };
        assert_eq!((cancelled.status, cancelled.completed_at), (JobStatus::Cancelled, Some(at(1))), "{name}");
        assert!(claim(&*store, 8, at(2)).await.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_running_job_first_shows_that_it_is_being_cancelled_and_then_leaves_nothing() {
    for (name, store, _folder) in stores() {
        accept(&*store, new_job(JobType::BatchIngestion, 9), at(0)).await;
        let lease = claim_one(&*store, at(0)).await;
        let (id, fence) = (lease.job.job_id, lease.fence());
        deliver(&*store, delivery(fence, (0..5).map(|item| ingested(item, 2)).collect(), false)).await;

        let Change::Done(asked) = store.cancel(id, at(1)).await.unwrap() else { panic!("{name}") };
        assert_eq!((asked.status, asked.cancel_requested), (JobStatus::Running, true), "{name}");
        assert_eq!(
            deliver(&*store, delivery(fence, vec![ingested(6, 1)], false)).await,
            Verdict::StopCancelled,
            "{name}"
        );
        assert_eq!(
            store.finish(fence, Outcome::Released, at(2)).await.unwrap(),
            Verdict::StopCancelled,
            "{name}"
        );

        let mut steps = 0;
        while !store.withdraw(fence, 2, at(3)).await.unwrap() {
            assert_eq!(status(&*store, id).await, JobStatus::Running, "{name}");
            steps += 1;
        }
        assert_eq!(steps, 4, "{name}: five documents and their results, two at a time");
        let gone = job(&*store, id).await;
        assert_eq!((gone.status, gone.chunks_created), (JobStatus::Cancelled, 0), "{name}");
        assert_eq!(store.totals().await.unwrap(), Totals::default(), "{name}");
        assert!(store.job_items(id, 10).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_job_that_waits_for_the_index_can_still_be_cancelled() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        deliver(&*store, delivery(lease.fence(), vec![ingested(0, 1)], true)).await;
        store.cancel(lease.job.job_id, at(2)).await.unwrap();

        assert!(store.complete_indexed(u64::MAX >> 1, 10, at(2)).await.unwrap().is_empty(), "{name}");
        assert_eq!(store.rescue(at(3), at(3)).await.unwrap().to_withdraw, [lease.fence()], "{name}");
        assert!(store.withdraw(lease.fence(), 10, at(3)).await.unwrap(), "{name}");
        assert_eq!(status(&*store, lease.job.job_id).await, JobStatus::Cancelled, "{name}");
        assert_eq!(store.totals().await.unwrap(), Totals::default(), "{name}");
    }
}

#[tokio::test]
async fn a_final_job_cannot_be_cancelled() {
    for (name, store, _folder) in stores() {
        for job in [given_a_completed_text(&*store).await, given_a_failed_text(&*store).await] {
            assert_eq!(store.cancel(job.job_id, at(9)).await.unwrap(), Change::Refused(job), "{name}");
        }
        assert_eq!(store.cancel(JobId(Uuid::now_v7()), at(9)).await.unwrap(), Change::Unknown, "{name}");
    }
}

#[tokio::test]
async fn a_failed_job_says_why_and_can_be_retried_with_its_source() {
    for (name, store, _folder) in stores() {
        let failed = given_a_failed_text(&*store).await;
        assert_eq!((failed.status, failed.error_code.as_str()), (JobStatus::Failed, "no_text"), "{name}");

        let Change::Done(again) = store.retry(failed.job_id, 3, at(5)).await.unwrap() else {
            panic!("{name}")
        };
        assert_eq!((again.status, again.error_code.as_str()), (JobStatus::Pending, ""), "{name}");
        assert_eq!(again.max_attempts, 4, "{name}: one was used, three more are given");
        let lease = claim_one(&*store, at(6)).await;
        assert_eq!((lease.job.attempt, lease.source.as_str()), (2, "a source"), "{name}");
    }
}

#[tokio::test]
async fn only_a_failed_or_cancelled_job_can_be_retried() {
    for (name, store, _folder) in stores() {
        let completed = given_a_completed_text(&*store).await;
        let pending = given_a_text(&*store).await;
        for job in [completed, pending] {
            assert_eq!(store.retry(job.job_id, 3, at(9)).await.unwrap(), Change::Refused(job), "{name}");
        }
    }
}

#[tokio::test]
async fn stopping_counts_no_attempt_and_crashing_counts_one_until_none_are_left() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let id = lease.job.job_id;
        let half = Progress { items_done: 1, chunks_created: 7, ..Progress::default() };
        store.heartbeat(lease.fence(), half, at(60)).await.unwrap();
        store.finish(lease.fence(), Outcome::Released, at(1)).await.unwrap();
        let released = job(&*store, id).await;
        assert_eq!(
            (released.attempt, released.processed_items, released.chunks_created),
            (0, 0, 0),
            "{name}"
        );

        for crash in 1..=3 {
            let lease = claim_one(&*store, at(100 * crash)).await;
            assert_eq!(lease.job.attempt, crash as u32, "{name}");
            let rescued = store.rescue(at(100 * crash + 61), at(100 * crash + 61)).await.unwrap();
            assert_eq!(rescued.failed.len(), usize::from(crash == 3), "{name}");
        }
        let failed = job(&*store, id).await;
        assert_eq!((failed.status, failed.error_code.as_str()), (JobStatus::Failed, "crashed"), "{name}");
    }
}

#[tokio::test]
async fn clean_up_keeps_the_newest_and_never_touches_active_jobs_or_documents() {
    for (name, store, _folder) in stores() {
        let active = given_a_text(&*store).await;
        let mut done = Vec::new();
        for _ in 0..4 {
            let job = accept(&*store, new_job(JobType::FileIngestion, 1), at(-10)).await;
            let lease = claim_one(&*store, at(-5)).await;
            assert_eq!(lease.job.job_id, job.job_id);
            deliver(&*store, delivery(lease.fence(), vec![ingested(0, 1)], true)).await;
            done.push(job.job_id);
        }
        // One after the other, so that the first accepted is the first to have ended.
        for _ in 0..4 {
            store.complete_indexed(u64::MAX >> 1, 1, at(2)).await.unwrap();
        }
        let rule = CleanUp { older_than: at(0), keep: 3, spare_after: at(3) };
        let just_ended = CleanUp { spare_after: at(2), ..rule };
        assert_eq!(store.clean_up(just_ended, 100).await.unwrap().jobs, 0, "{name}");

        assert_eq!(
            store.clean_up(rule, 100).await.unwrap().jobs,
            1,
            "{name}: of four that ended three are kept"
        );
        assert_eq!(store.job(done[0]).await.unwrap(), None, "{name}");
        let old = CleanUp { older_than: at(3), keep: 100, ..rule };
        assert_eq!(store.clean_up(old, 2).await.unwrap().jobs, 2, "{name}: two at a time");
        assert_eq!(store.clean_up(old, 2).await.unwrap().jobs, 1, "{name}");
        assert_eq!(status(&*store, active.job_id).await, JobStatus::Pending, "{name}");
        assert_eq!(store.totals().await.unwrap().documents, 4, "{name}");
        assert_eq!(store.stats().await.unwrap().total_jobs, 1, "{name}");
    }
}

#[tokio::test]
async fn a_pending_job_with_documents_is_cancelled_step_by_step() {
    for (name, store, _folder) in stores() {
        accept(&*store, new_job(JobType::BatchIngestion, 9), at(0)).await;
        let fence = claim_one(&*store, at(0)).await.fence();
        deliver(&*store, delivery(fence, (0..5).map(|item| ingested(item, 2)).collect(), false)).await;
        store.rescue(at(61), at(61)).await.unwrap();

        let Change::Done(asked) = store.cancel(fence.job, at(62)).await.unwrap() else { panic!("{name}") };
        assert_eq!((asked.status, asked.cancel_requested), (JobStatus::Pending, true), "{name}");
        assert!(claim(&*store, 8, at(63)).await.is_empty(), "{name}");
        assert_eq!(store.rescue(at(63), at(63)).await.unwrap().to_withdraw, [fence], "{name}");
        while !store.withdraw(fence, 2, at(64)).await.unwrap() {}
        assert_eq!(status(&*store, fence.job).await, JobStatus::Cancelled, "{name}");
        assert_eq!(store.totals().await.unwrap(), Totals::default(), "{name}");
    }
}

#[tokio::test]
async fn a_job_that_waits_for_its_next_attempt_says_when_and_why() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let id = lease.job.job_id;
        let cause = Failure::that_may_pass("disk_full", "The disk is full.");
        store.finish(lease.fence(), Outcome::TryAgain(cause, at(30)), at(2)).await.unwrap();

        let waiting = job(&*store, id).await;
        assert_eq!((waiting.status, waiting.retry_at), (JobStatus::Pending, Some(at(30))), "{name}");
        assert_eq!(waiting.message, "Waiting for attempt 2 of 3", "{name}");
        assert_eq!(
            (&*waiting.error_code, &*waiting.error_message),
            ("disk_full", "The disk is full."),
            "{name}"
        );
        assert!(claim(&*store, 8, at(29)).await.is_empty(), "{name}");

        let second = claim_one(&*store, at(30)).await.job;
        assert_eq!((second.attempt, second.retry_at, &*second.error_code), (2, None, ""), "{name}");
        let attempts = store.attempts(id).await.unwrap();
        let expected = JobAttempt {
            attempt: 1,
            started_at: at(0),
            queued_at: at(0),
            read_at: None,
            ended_at: Some(at(2)),
            outcome: AttemptOutcome::Failed,
            error_code: "disk_full".into(),
            error_message: "The disk is full.".into(),
        };
        let former = KeptAttempt { attempt: expected, retry_at: Some(at(30)) };
        assert_eq!(attempts[0], former, "{name}");
        assert_eq!((attempts.len(), attempts[1].attempt.outcome), (2, AttemptOutcome::Running), "{name}");
    }
}

#[tokio::test]
async fn every_failed_attempt_is_kept_as_long_as_its_job() {
    for (name, store, _folder) in stores() {
        let id = given_a_failed_text(&*store).await.job_id;
        store.retry(id, 3, at(5)).await.unwrap();
        claim_one(&*store, at(6)).await;
        store.rescue(at(99), at(99)).await.unwrap();
        let codes: Vec<_> =
            store.attempts(id).await.unwrap().into_iter().map(|it| it.attempt.error_code).collect();
        assert_eq!(codes, ["no_text", "crashed"], "{name}");

        store.cancel(id, at(100)).await.unwrap();
        let all = CleanUp { older_than: at(200), keep: 100, spare_after: at(0) };
        store.clean_up(all, 10).await.unwrap();
        assert!(store.attempts(id).await.unwrap().is_empty(), "{name}");
    }
}
