//! Requests that come again.

use super::*;

fn request(key: &str, content: u8, by: &str) -> NewJob {
    let request_key = Some(RequestKey { key: key.into(), fingerprint: [content; 32] });
    NewJob { request_key, by: Actor::new(by, ""), ..new_job(JobType::TextIngestion, 1) }
}

async fn send(store: &dyn Store, job: NewJob, now: DateTime<Utc>) -> Acceptance {
    store.accept(job, 1, now).await.unwrap()
}

#[tokio::test]
async fn a_request_that_comes_again_meets_its_job() {
    for (name, store, _folder) in stores() {
        let job = accept(&*store, request("k", 1, "a"), at(0)).await;
        assert_eq!(
            send(&*store, request("k", 1, "a"), at(5)).await,
            Acceptance::Known(job.clone()),
            "{name}"
        );
        assert_eq!(send(&*store, request("k", 2, "a"), at(5)).await, Acceptance::KeyTaken, "{name}");
        assert_eq!(store.stats().await.unwrap().total_jobs, 1, "{name}");
        assert_eq!(
            send(&*store, request("other", 1, "a"), at(5)).await,
            Acceptance::Full,
            "{name}: it is new"
        );
        store.cancel(job.job_id, at(6)).await.unwrap();
        store.delete_many(vec![job.job_id], 10).await.unwrap();
        assert_eq!(send(&*store, request("k", 1, "a"), at(7)).await, Acceptance::Gone(job.job_id), "{name}");
    }
}

#[tokio::test]
async fn the_keys_of_one_sender_say_nothing_of_anothers() {
    for (name, store, _folder) in stores() {
        let first = accept(&*store, request("k", 1, "a"), at(0)).await;
        let second = accept(&*store, request("k", 2, "b"), at(0)).await;
        assert_ne!(first.job_id, second.job_id, "{name}");
    }
}

#[tokio::test]
async fn a_request_is_known_for_a_day() {
    for (name, store, _folder) in stores() {
        let first = accept(&*store, request("k", 1, "a"), at(0)).await;
        let late = at(0) + RequestKey::KEPT;
        let second = accept(&*store, request("k", 2, "a"), late).await;
        assert_ne!(first.job_id, second.job_id, "{name}");
        assert!(!store.forget_request_keys(late - TimeDelta::seconds(1), 10).await.unwrap(), "{name}");
        assert_eq!(send(&*store, request("k", 2, "a"), late).await, Acceptance::Known(second), "{name}");
        assert!(store.forget_request_keys(late, 1).await.unwrap(), "{name}: there may be more");
        accept(&*store, request("k", 3, "a"), late).await;
    }
}
