//! What is kept of the attempts at a job: their times, and what happened in them.

use super::choosing::completed_in_part;
use super::*;

/// Number, outcome, and the seconds of queued, started, read and ended.
type Times = (u32, AttemptOutcome, [Option<i64>; 4]);

async fn times(store: &dyn Store, id: JobId) -> Vec<Times> {
    let second = |time: DateTime<Utc>| (time - at(0)).num_seconds();
    let attempts =
        store.attempts(id).await.unwrap().into_iter().map(|KeptAttempt { attempt: it, .. }| {
            let times = [Some(it.queued_at), Some(it.started_at), it.read_at, it.ended_at];
            (it.attempt, it.outcome, times.map(|time| time.map(second)))
        });
    attempts.collect()
}

async fn log(store: &dyn Store, id: JobId) -> Vec<(u32, LogLevel, String)> {
    let lines = store.log_lines(id, None).await.unwrap();
    lines.into_iter().map(|it| (it.attempt, it.level, it.text)).collect()
}

#[tokio::test]
async fn the_attempt_that_completed_its_job_is_kept_with_its_times() {
    for (name, store, _folder) in stores() {
        let id = given_a_completed_text(&*store).await.job_id;
        let expected = (1, AttemptOutcome::Completed, [Some(0), Some(0), Some(1), Some(2)]);
        assert_eq!(times(&*store, id).await, [expected], "{name}");
        assert!(log(&*store, id).await.is_empty(), "{name}: all there is to say follows from its times");
    }
}

#[tokio::test]
async fn a_job_that_waits_has_no_attempt() {
    for (name, store, _folder) in stores() {
        let id = given_a_text(&*store).await.job_id;
        assert!(times(&*store, id).await.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn an_attempt_that_was_given_back_is_kept_once_beside_the_one_with_its_number() {
    for (name, store, _folder) in stores() {
        let mut id = given_a_text(&*store).await.job_id;
        for start in [10, 20] {
            let fence = claim_one(&*store, at(start)).await.fence();
            store.finish(fence, Outcome::Released, at(start + 1)).await.unwrap();
            id = fence.job;
        }
        claim_one(&*store, at(30)).await;
        let expected = [
            (1, AttemptOutcome::Released, [Some(11), Some(20), None, Some(21)]),
            (1, AttemptOutcome::Running, [Some(21), Some(30), None, None]),
        ];
        assert_eq!(times(&*store, id).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_full_disk_is_kept_with_when_the_job_is_tried_again() {
    for (name, store, _folder) in stores() {
        let fence = given_a_claimed_text(&*store).await.fence();
        let full = Failure::that_may_pass("disk_full", "The disk is full.");
        store.finish(fence, Outcome::PutOff(full, at(15)), at(1)).await.unwrap();
        let kept = store.attempts(fence.job).await.unwrap().remove(0);
        assert_eq!(kept.retry_at, Some(at(15)), "{name}");
        assert_eq!(kept.attempt.outcome, AttemptOutcome::Released, "{name}");
        assert_eq!(kept.attempt.error_message, "The disk is full.", "{name}");
    }
}

#[tokio::test]
async fn a_job_waits_for_its_turn_only_from_when_it_is_due_again() {
    for (name, store, _folder) in stores() {
        let stalled = || Failure::that_may_pass("stalled", "It hangs.");
        let fence = given_a_claimed_text(&*store).await.fence();
        store.finish(fence, Outcome::PutOff(stalled(), at(20)), at(1)).await.unwrap();
        let fence = claim_one(&*store, at(22)).await.fence();
        store.finish(fence, Outcome::TryAgain(stalled(), at(90)), at(23)).await.unwrap();
        claim_one(&*store, at(93)).await;
        let expected = [
            (1, AttemptOutcome::Released, [Some(0), Some(0), None, Some(1)]),
            (1, AttemptOutcome::Failed, [Some(20), Some(22), None, Some(23)]),
            (2, AttemptOutcome::Running, [Some(90), Some(93), None, None]),
        ];
        assert_eq!(times(&*store, fence.job).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_retry_that_is_cancelled_before_it_begins_was_none() {
    for (name, store, _folder) in stores() {
        let id = completed_in_part(&*store).await;
        let (before, attempts) = (job(&*store, id).await, times(&*store, id).await);
        store.retry(id, 3, at(600)).await.unwrap();
        let Change::Done(asked) = store.cancel(id, at(700)).await.unwrap() else { panic!("{name}") };
        store.withdraw(Fence::of(&asked), 10, at(701)).await.unwrap();
        store.complete_indexed(u64::MAX >> 1, 10, at(702)).await.unwrap();

        let after = job(&*store, id).await;
        assert_eq!(
            (after.started_at, after.completed_at),
            (before.started_at, before.completed_at),
            "{name}: it took as long as it did"
        );
        assert_eq!(times(&*store, id).await, attempts, "{name}: told once");
        let indexing = store.history(HistoryRange::Hour, at(703)).await.unwrap().stages[2];
        assert_eq!(indexing.count, 1, "{name}");
    }
}

#[tokio::test]
async fn another_try_by_a_person_keeps_the_attempts_before_it() {
    for (name, store, _folder) in stores() {
        let id = given_a_failed_text(&*store).await.job_id;
        store.retry(id, 3, at(5)).await.unwrap();
        let fence = claim_one(&*store, at(6)).await.fence();
        store.cancel(id, at(7)).await.unwrap();
        assert!(store.withdraw(fence, 10, at(8)).await.unwrap(), "{name}");
        let cancelled = (2, AttemptOutcome::Cancelled, [Some(5), Some(6), None, Some(8)]);
        assert_eq!(times(&*store, id).await[1], cancelled, "{name}");

        store.retry(id, 3, at(9)).await.unwrap();
        claim_one(&*store, at(10)).await;
        let expected = [
            (1, AttemptOutcome::Failed, [Some(0), Some(0), None, Some(2)]),
            cancelled,
            (3, AttemptOutcome::Running, [Some(9), Some(10), None, None]),
        ];
        assert_eq!(times(&*store, id).await, expected, "{name}");
    }
}

#[tokio::test]
async fn warnings_and_failed_items_are_lines_of_the_attempt_that_met_them() {
    for (name, store, _folder) in stores() {
        let id = accept(&*store, new_job(JobType::BatchIngestion, 3), at(0)).await.job_id;
        let fence = claim_one(&*store, at(0)).await.fence();
        let mut warned = ingested(0, 1);
        warned.outcome.document_mut().unwrap().warnings.push(Warning::new("scan", "Page 3 has no text."));
        deliver(&*store, delivery(fence, vec![warned, failed(1), ingested(2, 1)], false)).await;
        let note = NewLine::new(LogLevel::Info, "Made 1,000 chunks.");
        store.log(fence, vec![note], at(2)).await.unwrap();

        let expected = [
            (1, LogLevel::Warning, "item 0: Page 3 has no text.".to_owned()),
            (1, LogLevel::Error, "item 1: It has no text.".to_owned()),
            (1, LogLevel::Info, "Made 1,000 chunks.".to_owned()),
        ];
        assert_eq!(log(&*store, id).await, expected, "{name}");
        assert!(store.log_lines(id, Some(2)).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn an_attempt_has_at_most_two_hundred_lines_and_the_last_says_so() {
    for (name, store, _folder) in stores() {
        let fence = given_a_claimed_text(&*store).await.fence();
        for _ in 0..5 {
            let lines = (0..60).map(|line| NewLine::new(LogLevel::Warning, format!("line {line}"))).collect();
            store.log(fence, lines, at(1)).await.unwrap();
        }
        let lines = log(&*store, fence.job).await;
        assert_eq!(lines.len(), LogLine::MOST, "{name}");
        assert_eq!(lines[198].2, "line 18", "{name}");
        assert_eq!(lines[199].2, "More happened; nothing more of it is kept here.", "{name}");
    }
}

#[tokio::test]
async fn a_lost_lease_writes_no_line_and_a_job_that_is_gone_keeps_none() {
    for (name, store, _folder) in stores() {
        let fence = given_a_claimed_text(&*store).await.fence();
        let line = || vec![NewLine::new(LogLevel::Info, "It has 9 pages.")];
        store.log(fence, line(), at(1)).await.unwrap();
        assert_eq!(log(&*store, fence.job).await.len(), 1, "{name}");
        store.rescue(at(61), at(61)).await.unwrap();
        store.log(fence, line(), at(62)).await.unwrap();
        assert_eq!(log(&*store, fence.job).await.len(), 1, "{name}");

        store.cancel(fence.job, at(63)).await.unwrap();
        let all = CleanUp { older_than: at(99), keep: 100, spare_after: at(0) };
        store.clean_up(all, 10).await.unwrap();
        assert!(log(&*store, fence.job).await.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn only_jobs_that_took_a_while_tell_the_pace() {
    for (name, store, _folder) in stores() {
        for (start, end) in [(0, 0), (1, 3), (4, 9)] {
            accept(&*store, new_job(JobType::FileIngestion, 1), at(0)).await;
            let fence = claim_one(&*store, at(start)).await.fence();
            store.deliver(vec![delivery(fence, vec![ingested(0, 1)], true)], at(start)).await.unwrap();
            store.complete_indexed(u64::MAX >> 1, 10, at(end)).await.unwrap();
        }
        let done = store.last_done(JobType::FileIngestion, 10).await.unwrap();
        let took: Vec<_> = done.iter().map(|it| (it.bytes, it.milliseconds)).collect();
        assert_eq!(took, [(100, 5000), (100, 2000)], "{name}: the newest first");
        assert!(store.last_done(JobType::TextIngestion, 10).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_job_that_was_worked_on_more_than_once_tells_no_pace() {
    for (name, store, _folder) in stores() {
        for outcome in [Outcome::Released, Outcome::TryAgain(Failure::new("stalled", "It hangs."), at(9))] {
            accept(&*store, new_job(JobType::FileIngestion, 1), at(0)).await;
            let fence = claim_one(&*store, at(0)).await.fence();
            store.finish(fence, outcome, at(8)).await.unwrap();
            let fence = claim_one(&*store, at(9)).await.fence();
            deliver(&*store, delivery(fence, vec![ingested(0, 1)], true)).await;
            store.complete_indexed(u64::MAX >> 1, 10, at(19)).await.unwrap();
        }
        assert!(store.last_done(JobType::FileIngestion, 10).await.unwrap().is_empty(), "{name}");
        let id = completed_in_part(&*store).await;
        let pace = async || store.last_done(JobType::BatchIngestion, 10).await.unwrap().len();
        assert_eq!(pace().await, 1, "{name}");
        store.retry(id, 3, at(60)).await.unwrap();
        let fence = claim_one(&*store, at(61)).await.fence();
        deliver(&*store, delivery(fence, vec![ingested(1, 1)], true)).await;
        store.complete_indexed(u64::MAX >> 1, 10, at(71)).await.unwrap();
        assert_eq!(pace().await, 0, "{name}: the last attempt read one item of two");
    }
}
