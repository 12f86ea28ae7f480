//! Content that a document has already.

use super::*;
use crate::domain::access::Action;
use crate::domain::{Duplicate, DuplicateOutcome};

fn hash(content: u8) -> ContentHash {
    ContentHash([content; 32])
}

/// An item that was read, with this content.
fn with(content: u8, on_duplicate: OnDuplicate, mut item: ItemResult) -> ItemResult {
    if let Some(document) = item.outcome.document_mut() {
        (document.hash, document.on_duplicate) = (Some(hash(content)), on_duplicate);
    }
    item
}

/// A text that was ingested, with this content.
async fn given_content(store: &dyn Store, content: u8) -> DocumentId {
    let fence = given_a_claimed_text(store).await.fence();
    let item = with(content, OnDuplicate::Allow, ingested(0, 2));
    assert_eq!(deliver(store, delivery(fence, vec![item], true)).await, Verdict::GoOn);
    store.complete_indexed(u64::MAX >> 1, 10, at(2)).await.unwrap();
    DocumentId::of(fence.job, 0)
}

#[tokio::test]
async fn a_delivery_with_content_that_is_there_writes_nothing() {
    for (name, store, _folder) in stores() {
        let first = given_content(&*store, 1).await;
        for on_duplicate in [OnDuplicate::Skip, OnDuplicate::Error] {
            let lease = given_a_claimed_text(&*store).await;
            let item = with(1, on_duplicate, ingested(0, 2));
            let verdict = deliver(&*store, delivery(lease.fence(), vec![item], true)).await;
            assert_eq!(verdict, Verdict::Met(vec![Met { place: 0, document: first }]), "{name}");
            assert_eq!(status(&*store, lease.job.job_id).await, JobStatus::Running, "{name}");
        }
        assert_eq!(store.totals().await.unwrap().documents, 1, "{name}");
        assert_eq!(store.document_with(hash(1)).await.unwrap(), Some(first), "{name}");
        assert_eq!(store.document_with(hash(2)).await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn of_two_items_with_the_same_content_the_first_is_met() {
    for (name, store, _folder) in stores() {
        accept(&*store, new_job(JobType::BatchIngestion, 3), at(0)).await;
        let fence = claim_one(&*store, at(0)).await.fence();
        let items = [(0, 1), (1, 2), (2, 1)];
        let items = items.map(|(item, content)| with(content, OnDuplicate::Skip, ingested(item, 1)));
        let verdict = deliver(&*store, delivery(fence, items.to_vec(), true)).await;
        let document = DocumentId::of(fence.job, 0);
        assert_eq!(verdict, Verdict::Met(vec![Met { place: 2, document }]), "{name}");
    }
}

#[tokio::test]
async fn what_an_item_wrote_before_is_not_met_by_itself() {
    for (name, store, _folder) in stores() {
        accept(&*store, new_job(JobType::BatchIngestion, 2), at(0)).await;
        let fence = claim_one(&*store, at(0)).await.fence();
        for _ in 0..2 {
            let item = with(1, OnDuplicate::Skip, ingested(0, 1));
            assert_eq!(deliver(&*store, delivery(fence, vec![item], false)).await, Verdict::GoOn, "{name}");
        }
    }
}

#[tokio::test]
async fn a_skipped_item_leads_to_the_document_that_has_its_content() {
    for (name, store, _folder) in stores() {
        let first = given_content(&*store, 1).await;
        accept(&*store, new_job(JobType::BatchIngestion, 2), at(0)).await;
        let fence = claim_one(&*store, at(0)).await.fence();
        let outcome = ItemOutcome::Skipped(first);
        let skipped = ItemResult { item: 0, name: "item 0".into(), outcome };
        let items = vec![skipped, with(2, OnDuplicate::Skip, ingested(1, 3))];
        deliver(&*store, delivery(fence, items, true)).await;
        store.complete_indexed(u64::MAX >> 1, 10, at(2)).await.unwrap();
        let batch = job(&*store, fence.job).await;
        assert_eq!(batch.message, "1 of 2 items ingested, 1 skipped as a duplicate", "{name}");
        assert_eq!((batch.chunks_created, batch.failed_items), (3, 0), "{name}");
        let items = store.job_items(fence.job, 10).await.unwrap();
        assert_eq!(items[0].duplicate, Some(Duplicate::skipped(first)), "{name}");
        assert_eq!((items[0].document_id, items[1].duplicate), (Some(first), None), "{name}");
    }
}

#[tokio::test]
async fn a_document_takes_the_place_of_all_with_its_content_in_one_step() {
    for (name, store, _folder) in stores() {
        let former = [given_content(&*store, 1).await, given_content(&*store, 1).await];
        let other = given_content(&*store, 2).await;
        let fence = given_a_claimed_text(&*store).await.fence();
        let item = with(1, OnDuplicate::Replace, ingested(0, 1));
        assert_eq!(deliver(&*store, delivery(fence, vec![item], true)).await, Verdict::GoOn, "{name}");
        for former in former {
            assert_eq!(chunks_of(&*store, former).await, None, "{name}");
        }
        assert_eq!(chunks_of(&*store, DocumentId::of(fence.job, 0)).await, Some(1), "{name}");
        assert_eq!(chunks_of(&*store, other).await, Some(2), "{name}");
        let duplicate = job(&*store, fence.job).await.duplicate;
        let expected = Duplicate { outcome: DuplicateOutcome::Replaced, document_id: former[0] };
        assert_eq!(duplicate, Some(expected), "{name}");
    }
}

#[tokio::test]
async fn known_content_is_told_when_its_job_comes() {
    for (name, store, _folder) in stores() {
        let first = given_content(&*store, 1).await;
        let alone = |or_refused| Some(Alone { hash: hash(1), or_refused });
        let refused = NewJob { alone: alone(true), ..new_job(JobType::TextIngestion, 1) };
        let refused = store.accept(refused, 1000, at(5)).await.unwrap();
        assert_eq!(refused, Acceptance::Refused(first), "{name}");

        let skipped = NewJob { alone: alone(false), ..new_job(JobType::TextIngestion, 1) };
        let Acceptance::Skipped(skipped) = store.accept(skipped, 1000, at(5)).await.unwrap() else {
            panic!("{name}: it was not skipped");
        };
        assert_eq!(skipped.duplicate, Some(Duplicate::skipped(first)), "{name}");
        assert!(claim(&*store, 1, at(6)).await.is_empty(), "{name}: there is nothing to read");
        store.complete_indexed(u64::MAX >> 1, 10, at(7)).await.unwrap();
        let skipped = job(&*store, skipped.job_id).await;
        assert_eq!((skipped.status, skipped.document_id()), (JobStatus::Completed, Some(first)), "{name}");
        assert_eq!(store.source(skipped.job_id).await.unwrap(), None, "{name}");
        assert_eq!(store.totals().await.unwrap().documents, 1, "{name}");
    }
}

#[tokio::test]
async fn a_skipped_job_completes_only_when_a_query_finds_the_document_it_met() {
    for (name, store, _folder) in stores() {
        let fence = given_a_claimed_text(&*store).await.fence();
        let item = with(1, OnDuplicate::Allow, ingested(0, 1));
        deliver(&*store, delivery(fence, vec![item], true)).await;
        let alone = Some(Alone { hash: hash(1), or_refused: false });
        let second = NewJob { alone, ..new_job(JobType::TextIngestion, 1) };
        let id = second.id;
        store.accept(second, 1000, at(5)).await.unwrap();
        assert!(store.complete_indexed(1, 10, at(6)).await.unwrap().is_empty(), "{name}");
        assert!(store.complete_indexed(u64::MAX >> 1, 10, at(7)).await.unwrap().contains(&id), "{name}");
    }
}

#[tokio::test]
async fn what_is_being_taken_back_is_not_met() {
    for (name, store, _folder) in stores() {
        accept(&*store, new_job(JobType::BatchIngestion, 2), at(0)).await;
        let fence = claim_one(&*store, at(0)).await.fence();
        let item = with(1, OnDuplicate::Allow, ingested(0, 1));
        deliver(&*store, delivery(fence, vec![item], false)).await;
        store.cancel(fence.job, at(2)).await.unwrap();
        assert_eq!(store.document_with(hash(1)).await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn what_took_the_place_of_others_stays_when_its_job_is_cancelled() {
    for (name, store, _folder) in stores() {
        given_content(&*store, 1).await;
        accept(&*store, new_job(JobType::BatchIngestion, 3), at(0)).await;
        let fence = claim_one(&*store, at(0)).await.fence();
        let items =
            [(0, 1), (1, 2)].map(|(item, content)| with(content, OnDuplicate::Replace, ingested(item, 1)));
        deliver(&*store, delivery(fence, items.to_vec(), false)).await;
        store.cancel(fence.job, at(2)).await.unwrap();
        assert!(store.withdraw(fence, 100, at(3)).await.unwrap(), "{name}");
        assert_eq!(status(&*store, fence.job).await, JobStatus::Cancelled, "{name}");
        let left = store.document_with(hash(1)).await.unwrap();
        assert_eq!(left, Some(DocumentId::of(fence.job, 0)), "{name}: nothing else has that content");
        assert_eq!(store.document_with(hash(2)).await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn what_others_were_told_is_there_stays_when_its_job_is_cancelled() {
    for (name, store, _folder) in stores() {
        accept(&*store, new_job(JobType::BatchIngestion, 3), at(0)).await;
        let fence = claim_one(&*store, at(0)).await.fence();
        let items = [(0, 1), (1, 2), (2, 3)];
        let items = items.map(|(item, content)| with(content, OnDuplicate::Allow, ingested(item, 1)));
        deliver(&*store, delivery(fence, items.to_vec(), false)).await;
        let alone = Some(Alone { hash: hash(1), or_refused: false });
        store.accept(NewJob { alone, ..new_job(JobType::TextIngestion, 1) }, 1000, at(1)).await.unwrap();
        accept(&*store, new_job(JobType::BatchIngestion, 1), at(1)).await;
        let other = claim_one(&*store, at(1)).await.fence();
        let outcome = ItemOutcome::Skipped(DocumentId::of(fence.job, 1));
        let skipped = ItemResult { item: 0, name: "item 0".into(), outcome };
        deliver(&*store, delivery(other, vec![skipped], true)).await;

        store.cancel(fence.job, at(2)).await.unwrap();
        assert!(store.withdraw(fence, 100, at(3)).await.unwrap(), "{name}");
        let there = [1, 2, 3].map(|content| store.document_with(hash(content)));
        let there = futures::future::join_all(there).await.into_iter().map(|it| it.unwrap().is_some());
        assert_eq!(there.collect::<Vec<_>>(), [true, true, false], "{name}");
    }
}

#[tokio::test]
async fn items_of_one_job_do_not_replace_each_other_and_what_is_replaced_is_in_the_audit_trail() {
    for (name, store, _folder) in stores() {
        let former = given_content(&*store, 1).await;
        accept(&*store, new_job(JobType::BatchIngestion, 2), at(0)).await;
        let fence = claim_one(&*store, at(0)).await.fence();
        let items = [0, 1].map(|item| with(1, OnDuplicate::Replace, ingested(item, 1)));
        deliver(&*store, delivery(fence, items.to_vec(), true)).await;
        assert_eq!(store.totals().await.unwrap().documents, 2, "{name}");
        let entry = store.audit(None, 1).await.unwrap().entries.remove(0);
        let said = (entry.action, &*entry.by, entry.detail);
        assert_eq!(said, (Action::ReplaceDocuments, "a key", former.to_string()), "{name}");
    }
}
