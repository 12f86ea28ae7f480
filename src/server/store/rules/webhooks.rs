//! Who is told of a job's end: written when the job ends, once for each, and kept until it is told.

use super::*;
use crate::domain::{WebhookAttempt, WebhookEvent, WebhookStatus};

const A: &str = "https://a.example/hooks?key=1";
const B: &str = "http://b.example:8080/";

/// Accepts a text that is told to these.
async fn given(store: &dyn Store, callbacks: &[&str]) -> JobId {
    let callbacks = callbacks.iter().map(|it| (*it).to_owned()).collect();
    accept(store, NewJob { callbacks, ..new_job(JobType::TextIngestion, 1) }, at(0)).await.job_id
}

async fn completed(store: &dyn Store, callbacks: &[&str]) -> JobId {
    let id = given(store, callbacks).await;
    let lease = claim_one(store, at(0)).await;
    deliver(store, delivery(lease.fence(), vec![ingested(0, 2)], true)).await;
    store.complete_indexed(u64::MAX >> 1, 10, at(2)).await.unwrap();
    id
}

async fn of_job(store: &dyn Store, id: JobId) -> Vec<WebhookDelivery> {
    let filter = WebhookFilter { job: Some(id), status: None };
    let mut deliveries = store.webhooks(filter, None, 1000).await.unwrap().deliveries;
    deliveries.reverse();
    deliveries
}

async fn events(store: &dyn Store, id: JobId) -> Vec<(String, WebhookEvent)> {
    of_job(store, id).await.into_iter().map(|it| (it.url, it.event)).collect()
}

async fn due(store: &dyn Store, wanted: WebhooksWanted, now: DateTime<Utc>) -> Vec<DueWebhook> {
    store.due_webhooks(wanted, now).await.unwrap().due
}

fn any() -> WebhooksWanted {
    WebhooksWanted { per_origin: 100, limit: 100, ..WebhooksWanted::default() }
}

/// Records how a try went, after so many before it.
async fn tried(store: &dyn Store, id: WebhookId, tries: u32, status: u16, then: AfterTry) {
    let error = if status == 200 { "" } else { "It did not." }.to_owned();
    let attempt = WebhookAttempt { at: at(10), status: Some(status), error, took_ms: 5 };
    store.record_webhooks(vec![WebhookTried { id, tries, attempt, then }]).await.unwrap();
}

#[tokio::test]
async fn every_end_is_told_to_everyone_once() {
    use WebhookEvent::*;
    for (name, store, _folder) in stores() {
        let store = &*store;
        let told = |event| vec![(A.to_owned(), event), (B.to_owned(), event)];

        let id = completed(store, &[A, B]).await;
        assert_eq!(events(store, id).await, told(JobCompleted), "{name}");

        let id = given(store, &[A, B]).await;
        let lease = claim_one(store, at(3)).await;
        assert!(events(store, id).await.is_empty(), "{name}: it has not ended");
        let failure = Failure::new("no_text", "It has no text.");
        store.finish(lease.fence(), Outcome::Failed(failure.clone()), at(4)).await.unwrap();
        let late = store.finish(lease.fence(), Outcome::Failed(failure), at(5)).await.unwrap();
        assert_eq!(late, Verdict::LeaseLost, "{name}");
        assert_eq!(events(store, id).await, told(JobFailed), "{name}");

        let id = given(store, &[A, B]).await;
        store.cancel(id, at(5)).await.unwrap();
        assert!(matches!(store.cancel(id, at(5)).await.unwrap(), Change::Refused(_)), "{name}");
        assert_eq!(events(store, id).await, told(JobCancelled), "{name}: at once");

        let id = given(store, &[A, B]).await;
        let lease = claim_one(store, at(6)).await;
        store.cancel(id, at(7)).await.unwrap();
        assert!(events(store, id).await.is_empty(), "{name}: it is still being cancelled");
        while !store.withdraw(lease.fence(), 10, at(8)).await.unwrap() {}
        store.withdraw(lease.fence(), 10, at(8)).await.unwrap();
        assert_eq!(events(store, id).await, told(JobCancelled), "{name}: when it has stopped");

        let ids = [given(store, &[A, B]).await, given(store, &[A, B]).await];
        store.cancel_many(ids.to_vec(), at(9)).await.unwrap();
        for id in ids {
            assert_eq!(events(store, id).await, told(JobCancelled), "{name}: of many");
        }

        let id = given(store, &[A, B]).await;
        for _ in 0..3 {
            claim_one(store, at(10)).await;
            store.rescue(at(1000), at(11)).await.unwrap();
        }
        assert_eq!(events(store, id).await, told(JobFailed), "{name}: by crashes");
    }
}

#[tokio::test]
async fn what_is_told_is_the_job_as_it_ended() {
    for (name, store, _folder) in stores() {
        let id = completed(&*store, &[A]).await;
        let ended = job(&*store, id).await;
        store.delete_many(vec![id], 100).await.unwrap();
        let due = due(&*store, any(), at(2)).await;
        let body: serde_json::Value = serde_json::from_str(&due[0].body).unwrap();
        let mut data = serde_json::to_value(&ended).unwrap();
        data["document_id"] = serde_json::json!(ended.document_id());
        let expected = serde_json::json!({
            "type": "job.completed", "timestamp": crate::domain::job::rfc3339::text(&at(2)), "data": data,
        });
        assert_eq!(body, expected, "{name}: also once its row is gone");
        assert_eq!((due[0].url.as_str(), due[0].origin.as_str()), (A, "https://a.example"), "{name}");
    }
}

#[tokio::test]
async fn a_job_without_callbacks_tells_nobody() {
    for (name, store, _folder) in stores() {
        completed(&*store, &[]).await;
        assert_eq!(store.webhooks(WebhookFilter::default(), None, 10).await.unwrap(), WebhookPage::default());
        assert_eq!(store.pending_webhooks().await.unwrap(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_job_that_ends_again_is_told_again_with_a_new_id() {
    for (name, store, _folder) in stores() {
        let id = given(&*store, &[A]).await;
        store.cancel(id, at(1)).await.unwrap();
        store.retry(id, 3, at(2)).await.unwrap();
        let lease = claim_one(&*store, at(3)).await;
        deliver(&*store, delivery(lease.fence(), vec![ingested(0, 2)], true)).await;
        store.complete_indexed(u64::MAX >> 1, 10, at(4)).await.unwrap();
        let told = of_job(&*store, id).await;
        let events: Vec<_> = told.iter().map(|it| it.event).collect();
        assert_eq!(events, [WebhookEvent::JobCancelled, WebhookEvent::JobCompleted], "{name}");
        assert_ne!(told[0].webhook_id, told[1].webhook_id, "{name}");
    }
}

#[tokio::test]
async fn a_delivery_is_tried_until_it_has_ended_and_again_when_someone_asks() {
    for (name, store, _folder) in stores() {
        let store = &*store;
        let id = completed(store, &[A]).await;
        let webhook = of_job(store, id).await[0].webhook_id;
        let status = async || {
            let found = store.webhook(webhook).await.unwrap().unwrap();
            (found.status, found.next_attempt_at, found.attempts.len())
        };
        assert_eq!(status().await, (WebhookStatus::Pending, Some(at(2)), 0), "{name}");
        tried(store, webhook, 0, 500, AfterTry::Again(at(15))).await;
        assert_eq!(status().await, (WebhookStatus::Pending, Some(at(15)), 1), "{name}");
        let waiting = store.due_webhooks(any(), at(14)).await.unwrap();
        assert_eq!((waiting.due.len(), waiting.next), (0, Some(at(15))), "{name}");
        assert_eq!(due(store, any(), at(15)).await[0].tries, 1, "{name}");

        tried(store, webhook, 1, 200, AfterTry::Delivered).await;
        assert_eq!(status().await, (WebhookStatus::Delivered, None, 2), "{name}");
        tried(store, webhook, 2, 500, AfterTry::Again(at(16))).await;
        assert_eq!(status().await, (WebhookStatus::Delivered, None, 2), "{name}: it has ended");
        assert!(due(store, any(), at(99)).await.is_empty(), "{name}");
        assert_eq!(store.pending_webhooks().await.unwrap(), 0, "{name}");

        assert!(store.retry_webhook(webhook, at(20)).await.unwrap(), "{name}");
        assert_eq!(store.pending_webhooks().await.unwrap(), 1, "{name}");
        let again = due(store, any(), at(20)).await;
        assert_eq!((again[0].id, again[0].tries), (webhook, 0), "{name}");
        tried(store, webhook, 9, 500, AfterTry::Failed).await;
        assert_eq!(
            due(store, any(), at(20)).await[0].tries,
            0,
            "{name}: it was on its way when it was asked for again"
        );
        tried(store, webhook, 0, 410, AfterTry::Failed).await;
        assert_eq!(status().await, (WebhookStatus::Failed, None, 3), "{name}: and all tries are kept");
        assert!(!store.retry_webhook(WebhookId(Uuid::now_v7()), at(20)).await.unwrap(), "{name}");
    }
}

#[tokio::test]
async fn origins_take_turns_and_none_has_more_than_its_share() {
    for (name, store, _folder) in stores() {
        let store = &*store;
        for _ in 0..3 {
            completed(store, &["http://a.example/1", "http://a.example/2", "http://b.example/", A]).await;
        }
        let take = async |taken: Vec<WebhookId>, after: &str, limit| {
            let after = after.to_owned();
            due(store, WebhooksWanted { taken, after, per_origin: 2, limit }, at(9)).await
        };
        let origins = |due: &[DueWebhook]| due.iter().map(|it| it.origin.clone()).collect::<Vec<_>>();
        let (a, b, c) = ("http://a.example", "http://b.example", "https://a.example");
        let all = take(vec![], "", 100).await;
        assert_eq!(origins(&all), [a, a, b, b, c, c], "{name}");
        assert_eq!(origins(&take(vec![], a, 3).await), [b, b, c], "{name}");
        assert_eq!(origins(&take(vec![], c, 3).await), [a, a, b], "{name}");
        assert_eq!(origins(&take(vec![], b, 100).await), [c, c, a, a, b, b], "{name}: each once");
        let taken = vec![all[0].id, all[1].id, all[2].id];
        assert_eq!(origins(&take(taken, "", 100).await), [b, c, c], "{name}: those on their way count");
    }
}

#[tokio::test]
async fn deliveries_are_listed_in_pages_the_newest_first() {
    for (name, store, _folder) in stores() {
        let store = &*store;
        let first = completed(store, &[A, B]).await;
        let second = completed(store, &[A]).await;
        let all = WebhookFilter::default();
        let page = store.webhooks(all, None, 2).await.unwrap();
        let jobs: Vec<_> = page.deliveries.iter().map(|it| it.job_id).collect();
        assert_eq!(jobs, [second, first], "{name}");
        let rest = store.webhooks(all, page.next, 2).await.unwrap();
        assert_eq!((rest.deliveries.len(), rest.next), (1, None), "{name}");

        tried(store, rest.deliveries[0].webhook_id, 0, 200, AfterTry::Delivered).await;
        for (job, status, count) in [
            (None, Some(WebhookStatus::Pending), 2),
            (None, Some(WebhookStatus::Delivered), 1),
            (None, Some(WebhookStatus::Failed), 0),
            (Some(first), Some(WebhookStatus::Pending), 1),
            (Some(second), Some(WebhookStatus::Delivered), 0),
        ] {
            let found = store.webhooks(WebhookFilter { job, status }, None, 10).await.unwrap();
            assert_eq!(found.deliveries.len(), count, "{name} {job:?} {status:?}");
        }
    }
}

#[tokio::test]
async fn what_has_ended_is_forgotten_with_its_tries_and_what_could_not_be_told_for_so_long_too() {
    for (name, store, _folder) in stores() {
        let store = &*store;
        let id = completed(store, &[A, B, "https://c.example/"]).await;
        let told = of_job(store, id).await;
        tried(store, told[0].webhook_id, 0, 200, AfterTry::Delivered).await;
        tried(store, told[1].webhook_id, 0, 410, AfterTry::Failed).await;
        assert!(!store.forget_webhooks(at(2), 10).await.unwrap(), "{name}");
        assert_eq!(of_job(store, id).await.len(), 3, "{name}: they were added then, and ended later");
        assert!(!store.forget_webhooks(at(3), 10).await.unwrap(), "{name}");
        let left: Vec<_> = of_job(store, id).await.into_iter().map(|it| it.webhook_id).collect();
        assert!(left.len() == 2 && !left.contains(&told[2].webhook_id), "{name}: it waited since then");
        assert_eq!(store.pending_webhooks().await.unwrap(), 0, "{name}");
        assert!(store.forget_webhooks(at(11), 1).await.unwrap(), "{name}: there may be more");
        assert!(store.forget_webhooks(at(11), 1).await.unwrap(), "{name}");
        assert!(!store.forget_webhooks(at(11), 1).await.unwrap(), "{name}");
        assert!(of_job(store, id).await.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn of_very_many_tries_the_last_ones_are_kept() {
    for (name, store, _folder) in stores() {
        let id = completed(&*store, &[A]).await;
        let webhook = of_job(&*store, id).await[0].webhook_id;
        for status in 300..360 {
            tried(&*store, webhook, u32::from(status) - 300, status, AfterTry::Again(at(15))).await;
        }
        let attempts = store.webhook(webhook).await.unwrap().unwrap().attempts;
        let statuses: Vec<_> = attempts.iter().filter_map(|it| it.status).collect();
        assert_eq!(statuses, (310..360).collect::<Vec<u16>>(), "{name}");
    }
}
