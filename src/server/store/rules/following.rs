//! What followers of the change numbers get.

use super::*;

#[tokio::test]
async fn the_index_is_fed_in_pages_of_bounded_size_without_gaps() {
    for (name, store, _folder) in stores() {
        for size in [1, 40, 3] {
            let lease = given_a_claimed_text(&*store).await;
            deliver(&*store, delivery(lease.fence(), vec![ingested(0, size)], true)).await;
        }
        let mut keys = Vec::new();
        let mut cursor = FeedCursor::default();
        loop {
            let page = store.index_page(cursor, 64).await.unwrap();
            assert!(page.chunks.len() <= 10, "{name}");
            keys.extend(page.chunks.iter().map(|(key, _)| *key));
            cursor = page.cursor;
            if page.caught_up {
                break;
            }
        }
        assert_eq!(keys.len(), 44, "{name}");
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 44, "{name}: each once");
        assert_eq!(cursor, FeedCursor { seq: *store.changes().borrow(), ..FeedCursor::default() }, "{name}");
    }
}

#[tokio::test]
async fn an_index_that_is_too_far_behind_or_ahead_is_told() {
    for (name, store, _folder) in stores() {
        let done = given_a_completed_text(&*store).await;
        store.delete_document(DocumentId::of(done.job_id, 0)).await.unwrap();
        let seq = *store.changes().borrow();
        store.forget_removals(seq).await.unwrap();

        let page =
            async |seq| store.index_page(FeedCursor { seq, ..FeedCursor::default() }, 100).await.unwrap();
        assert!(page(1).await.too_old, "{name}");
        assert!(page(seq + 1000).await.too_old, "{name}");
        assert!(!page(seq).await.too_old, "{name}");

        let anew = page(0).await;
        assert!(anew.too_old, "{name}");
        assert_eq!(anew.cursor, FeedCursor { seq: 0, chunk: None, began_at: seq }, "{name}");
        given_a_completed_text(&*store).await;
        let begun = store.index_page(anew.cursor, 100).await.unwrap();
        assert!(!begun.too_old, "{name}: it never held what was removed before it began");
        assert_eq!(begun.chunks.len(), 2, "{name}");
    }
}

#[tokio::test]
async fn a_follower_gets_each_changed_job_once_in_its_newest_state() {
    for (name, store, _folder) in stores() {
        let first = given_a_completed_text(&*store).await;
        let second = given_a_text(&*store).await;
        let changes = store.job_changes(0, 100).await.unwrap().events;
        let seen: Vec<_> = changes.iter().map(|(seq, event)| (*seq, event.clone())).collect();
        assert_eq!(
            seen,
            [
                (first.seq, JobEvent::Job(Box::new(first.clone()))),
                (second.seq, JobEvent::Job(Box::new(second.clone())))
            ],
            "{name}"
        );
        assert_eq!(store.job_changes(first.seq, 100).await.unwrap().events.len(), 1, "{name}");

        let before = *store.changes().borrow();
        let all = CleanUp { older_than: at(10), keep: 100, spare_after: at(0) };
        store.clean_up(all, 10).await.unwrap();
        let removed = store.job_changes(before, 100).await.unwrap();
        assert!(
            matches!(removed.events[..], [(_, JobEvent::Removed(gone))] if gone.job_id == first.job_id),
            "{name}"
        );
        let latest = *store.changes().borrow();
        assert!(
            store.job_changes(latest + 1, 100).await.unwrap().too_old,
            "{name}: from a store before this"
        );
        store.forget_removals(latest).await.unwrap();
        assert!(store.job_changes(before, 100).await.unwrap().too_old, "{name}");
    }
}
