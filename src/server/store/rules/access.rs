//! Keys, sessions, and the audit trail.

use super::*;
use crate::domain::access::{Action, Scope};

fn api_key(name: &str) -> ApiKey {
    let id = Uuid::now_v7();
    ApiKey {
        id,
        name: name.to_owned(),
        hash: [7; 32],
        scopes: [Scope::Read, Scope::Ingest].into_iter().collect(),
        created_at: at(0),
        expires_at: Some(at(100)),
        revoked_at: None,
    }
}

fn deed(subject: &str) -> Deed {
    let by = Actor::new("a key", "a-request");
    Deed { by, action: Action::CancelJob, subject: subject.into(), detail: "a detail".into() }
}

async fn subjects(store: &dyn Store, before: Option<u64>, limit: u32) -> (Vec<String>, Option<u64>) {
    let page = store.audit(before, limit).await.unwrap();
    (page.entries.into_iter().map(|it| it.subject).collect(), page.next)
}

#[tokio::test]
async fn no_two_keys_in_use_share_a_name() {
    for (name, store, _folder) in stores() {
        let (first, second) = (api_key("ci"), api_key("ci"));
        assert!(store.add_key(first.clone()).await.unwrap(), "{name}");
        assert!(!store.add_key(second.clone()).await.unwrap(), "{name}");
        assert!(store.revoke_key(first.id, at(5)).await.unwrap(), "{name}");
        assert!(!store.revoke_key(first.id, at(6)).await.unwrap(), "{name}: it is revoked already");
        assert!(store.add_key(second.clone()).await.unwrap(), "{name}: the name is free again");
        let revoked = ApiKey { revoked_at: Some(at(5)), ..first };
        assert_eq!(store.keys().await.unwrap(), [revoked, second], "{name}");
    }
}

#[tokio::test]
async fn a_session_ends_at_its_time_or_with_its_key_or_when_told() {
    for (name, store, _folder) in stores() {
        let key = api_key("ci");
        store.add_key(key.clone()).await.unwrap();
        let begin = async |number: u8| {
            let session = NewSession { hash: [number; 32], api_key: key.id, expires_at: at(10) };
            store.begin_session(session, at(0)).await.unwrap();
        };
        let key_of = async |number: u8, now| store.session_key([number; 32], now).await.unwrap();
        for number in [1, 2, 3] {
            begin(number).await;
        }
        assert_eq!(key_of(1, at(9)).await, Some(key.clone()), "{name}");
        assert_eq!(key_of(1, at(10)).await, None, "{name}: its time is over");
        assert_eq!(key_of(4, at(9)).await, None, "{name}: there was none");
        store.end_session([2; 32]).await.unwrap();
        assert_eq!(key_of(2, at(9)).await, None, "{name}: it was ended");
        store.revoke_key(key.id, at(9)).await.unwrap();
        assert_eq!(key_of(3, at(9)).await, None, "{name}: its key was revoked");
    }
}

#[tokio::test]
async fn the_audit_trail_is_read_from_its_end_and_forgotten_from_its_start() {
    for (name, store, _folder) in stores() {
        for (second, subject) in [(1, "a"), (2, "b"), (3, "c")] {
            store.record(deed(subject), at(second)).await.unwrap();
        }
        let (first, next) = subjects(&*store, None, 2).await;
        assert_eq!(first, ["c", "b"], "{name}");
        assert_eq!(subjects(&*store, next, 2).await, (vec!["a".to_owned()], None), "{name}");
        let entry = store.audit(None, 1).await.unwrap().entries.remove(0);
        assert_eq!((entry.at, entry.action), (at(3), Action::CancelJob), "{name}");
        let texts = (&*entry.by, &*entry.detail, &*entry.request_id);
        assert_eq!(texts, ("a key", "a detail", "a-request"), "{name}");
        assert!(store.forget_audit(at(3), 1).await.unwrap(), "{name}: there are more");
        assert!(store.forget_audit(at(3), 1).await.unwrap(), "{name}");
        assert!(!store.forget_audit(at(3), 1).await.unwrap(), "{name}");
        assert_eq!(subjects(&*store, None, 9).await.0, ["c"], "{name}");
    }
}

#[tokio::test]
async fn an_accepted_job_is_in_the_audit_trail_and_knows_who_brought_it() {
    for (name, store, _folder) in stores() {
        let job = given_a_text(&*store).await;
        let entry = store.audit(None, 1).await.unwrap().entries.remove(0);
        assert_eq!((entry.action, entry.subject), (Action::AcceptJob, job.job_id.to_string()), "{name}");
        assert_eq!(
            store.accepted_by(job.job_id).await.unwrap(),
            Some(Actor::new("a key", "a-request")),
            "{name}"
        );
        let refused = store.accept(new_job(JobType::TextIngestion, 1), 1, at(1)).await.unwrap();
        assert_eq!(
            (refused, store.audit(None, 9).await.unwrap().entries.len()),
            (Acceptance::Full, 1),
            "{name}"
        );
    }
}
