//! What jobs write, and who sees it.

use super::*;

#[tokio::test]
async fn the_parts_of_a_batch_have_results_and_are_not_done_twice() {
    for (name, store, _folder) in stores() {
        accept(&*store, new_job(JobType::BatchIngestion, 3), at(0)).await;
        let first = claim_one(&*store, at(0)).await;
        let id = first.job.job_id;
        deliver(&*store, delivery(first.fence(), vec![ingested(0, 2), failed(1)], false)).await;
        store.rescue(at(61), at(61)).await.unwrap();

        let second = claim_one(&*store, at(62)).await;
        let delivered: Vec<_> = store.delivered_items(id).await.unwrap().into_iter().collect();
        assert_eq!(delivered, [(0, "item 0".into()), (1, "item 1".into())], "{name}");
        let counted = (second.job.processed_items, second.job.failed_items, second.job.chunks_created);
        assert_eq!(counted, (2, 1, 2), "{name}: it starts where the delivered items end");
        let mut rest = delivery(second.fence(), vec![ingested(2, 1)], true);
        rest.progress = progress(3, 1, 3);
        deliver(&*store, rest).await;
        store.complete_indexed(u64::MAX >> 1, 10, at(63)).await.unwrap();

        let done = job(&*store, id).await;
        assert_eq!(done.message, "2 of 3 items ingested, 1 failed", "{name}");
        let items = store.job_items(id, 10).await.unwrap();
        assert_eq!(
            items.iter().map(|it| it.item).collect::<Vec<_>>(),
            [1, 0, 2],
            "{name}: failed ones first"
        );
        assert_eq!(store.totals().await.unwrap(), Totals { documents: 2, chunks: 3, bytes: 200 }, "{name}");
    }
}

#[tokio::test]
async fn writing_a_document_again_replaces_its_chunks() {
    for (name, store, _folder) in stores() {
        accept(&*store, new_job(JobType::BatchIngestion, 2), at(0)).await;
        let lease = claim_one(&*store, at(0)).await;
        deliver(&*store, delivery(lease.fence(), vec![ingested(0, 5)], false)).await;
        let old = store.index_page(FeedCursor::default(), 1 << 20).await.unwrap();
        deliver(&*store, delivery(lease.fence(), vec![ingested(0, 2)], false)).await;

        let id = DocumentId::of(lease.job.job_id, 0);
        assert_eq!(chunks_of(&*store, id).await, Some(2), "{name}");
        assert_eq!(store.totals().await.unwrap().documents, 1, "{name}");
        let page = store.index_page(old.cursor, 1 << 20).await.unwrap();
        assert_eq!(page.chunks.len(), 2, "{name}: the index hears of the new version");
        assert_eq!(page.removed, [old.chunks[0].0.version()], "{name}: and drops the old one");
        let stale = old.chunks.iter().map(|(key, _)| *key).collect();
        assert!(store.passages(stale).await.unwrap().is_empty(), "{name}: old chunks are never shown");
    }
}

#[tokio::test]
async fn a_large_document_is_invisible_until_its_last_step() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let version = store.open_version(lease.fence()).await.unwrap().unwrap();
        let part = store.append_chunks(lease.fence(), version, chunks(3), progress(0, 0, 3)).await.unwrap();
        assert_eq!(part, Verdict::GoOn, "{name}");
        assert_eq!(store.totals().await.unwrap(), Totals::default(), "{name}");
        assert!(store.index_page(FeedCursor::default(), 1 << 20).await.unwrap().chunks.is_empty(), "{name}");
        assert!(!store.sweep(10).await.unwrap(), "{name}: nobody sweeps what is being written");

        let content = Content::Version { version, chunk_count: 3 };
        let item =
            ItemResult { item: 0, name: "large".into(), outcome: ItemOutcome::Read(document(content)) };
        deliver(&*store, delivery(lease.fence(), vec![item], true)).await;
        assert_eq!(store.index_page(FeedCursor::default(), 1 << 20).await.unwrap().chunks.len(), 3, "{name}");
    }
}

#[tokio::test]
async fn chunks_of_an_attempt_that_ended_are_swept() {
    for (name, store, _folder) in stores() {
        let lease = given_a_claimed_text(&*store).await;
        let version = store.open_version(lease.fence()).await.unwrap().unwrap();
        store.append_chunks(lease.fence(), version, chunks(25), progress(0, 0, 25)).await.unwrap();
        store.rescue(at(61), at(61)).await.unwrap();

        let mut steps = 0;
        while store.sweep(10).await.unwrap() {
            steps += 1;
        }
        assert_eq!(steps, 3, "{name}: ten at a time");
    }
}

#[tokio::test]
async fn lists_are_newest_first_in_pages_that_miss_nothing() {
    for (name, store, _folder) in stores() {
        for number in 0..7 {
            let job_type = if number % 2 == 0 { JobType::TextIngestion } else { JobType::FileIngestion };
            accept(&*store, new_job(job_type, 1), at(number)).await;
        }
        store
            .cancel(page(&*store, JobQuery { limit: 1, ..JobQuery::default() }).await.jobs[0].job_id, at(9))
            .await
            .unwrap();

        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let page = page(&*store, JobQuery { limit: 3, before, ..JobQuery::default() }).await;
            assert_eq!(page.total_count, 7, "{name}");
            seen.extend(page.jobs.iter().map(|job| job.job_id));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 7, "{name}");
        assert!(seen.is_sorted_by(|a, b| a > b), "{name}");

        for (filter, count) in [
            (JobFilter { status: Some(JobStatus::Pending), ..JobFilter::default() }, 6),
            (JobFilter { status: Some(JobStatus::Failed), ..JobFilter::default() }, 0),
            (JobFilter { job_type: Some(JobType::FileIngestion), ..JobFilter::default() }, 3),
        ] {
            let page = page(&*store, JobQuery::newest(filter.clone())).await;
            assert_eq!((page.jobs.len() as u64, page.total_count), (count, count), "{name}: {filter:?}");
        }
    }
}

#[tokio::test]
async fn documents_are_listed_shown_and_deleted() {
    for (name, store, _folder) in stores() {
        let done = given_a_completed_text(&*store).await;
        let id = DocumentId::of(done.job_id, 0);
        assert_eq!(
            store.documents(DocumentFilter::default(), None, 10).await.unwrap().documents[0].document_id,
            id,
            "{name}"
        );
        let shown = store.document(id, 0, 1).await.unwrap().unwrap();
        assert_eq!((shown.chunks.len(), shown.next_offset), (1, Some(1)), "{name}");
        let keys = store.index_page(FeedCursor::default(), 1 << 20).await.unwrap().chunks;
        let keys: Vec<_> = keys.into_iter().map(|(key, _)| key).collect();
        assert_eq!(store.passages(keys.clone()).await.unwrap().len(), 2, "{name}");

        assert!(store.delete_document(id).await.unwrap(), "{name}");
        assert!(!store.delete_document(id).await.unwrap(), "{name}");
        assert!(store.passages(keys).await.unwrap().is_empty(), "{name}");
        assert_eq!(store.totals().await.unwrap(), Totals::default(), "{name}");
        assert_eq!(status(&*store, done.job_id).await, JobStatus::Completed, "{name}: its job stays");
    }
}

#[tokio::test]
async fn blobs_are_needed_by_waiting_jobs_and_by_documents() {
    for (name, store, _folder) in stores() {
        let blob = |byte| BlobRef([byte; 32]);
        let job = NewJob { blobs: vec![blob(1)], ..new_job(JobType::FileIngestion, 1) };
        let id = accept(&*store, job, at(0)).await.job_id;
        let unused = async || store.unreferenced_blobs(vec![blob(1), blob(2)]).await.unwrap();
        assert_eq!(unused().await, [blob(2)], "{name}");

        let lease = claim_one(&*store, at(0)).await;
        let document = NewDocument { blob: Some(blob(1)), ..document(Content::Chunks(chunks(1))) };
        let item = ItemResult { item: 0, name: "a.txt".into(), outcome: ItemOutcome::Read(document) };
        deliver(&*store, delivery(lease.fence(), vec![item], true)).await;
        store.complete_indexed(u64::MAX >> 1, 10, at(2)).await.unwrap();
        assert_eq!(unused().await, [blob(2)], "{name}");

        store.delete_document(DocumentId::of(id, 0)).await.unwrap();
        assert_eq!(unused().await, [blob(1), blob(2)], "{name}");
    }
}

#[tokio::test]
async fn a_document_of_another_job_is_never_replaced() {
    for (name, store, _folder) in stores() {
        let first = given_a_claimed_text(&*store).await;
        deliver(&*store, delivery(first.fence(), vec![ingested(0, 2)], true)).await;
        // The same millisecond and the same tail: what no clock and no random number should bring.
        let mut id = *first.job.job_id.0.as_bytes();
        id[9] ^= 1;
        let twin = NewJob { id: JobId(Uuid::from_bytes(id)), ..new_job(JobType::TextIngestion, 1) };
        accept(&*store, twin, at(0)).await;
        let second = claim_one(&*store, at(1)).await;
        assert_eq!(DocumentId::of(second.job.job_id, 0), DocumentId::of(first.job.job_id, 0));

        let written = store.deliver(vec![delivery(second.fence(), vec![ingested(0, 1)], true)], at(1)).await;
        assert!(matches!(written, Err(StoreError::Corrupt(_))), "{name}: {written:?}");
        assert_eq!(chunks_of(&*store, DocumentId::of(first.job.job_id, 0)).await, Some(2), "{name}");
    }
}

#[tokio::test]
async fn documents_are_found_by_their_job_and_by_what_is_in_their_name() {
    for (name, store, _folder) in stores() {
        let mut jobs = Vec::new();
        for _ in 0..3 {
            accept(&*store, new_job(JobType::BatchIngestion, 3), at(0)).await;
            let fence = claim_one(&*store, at(0)).await.fence();
            let mut items: Vec<_> = (0..3).map(|item| ingested(item, 1)).collect();
            items[2].name = "100%_Done.PDF".into();
            deliver(&*store, delivery(fence, items, true)).await;
            jobs.push(fence.job);
        }
        let found = async |text: Option<&str>, job: Option<JobId>| {
            let filter = DocumentFilter { text: text.map(str::to_owned), job };
            let (mut before, mut seen) = (None, Vec::new());
            loop {
                let page = store.documents(filter.clone(), before, 2).await.unwrap();
                let total = page.total_count as usize;
                seen.extend(page.documents.into_iter().map(|it| (it.job_id, it.name)));
                before = page.next;
                if before.is_none() {
                    assert_eq!(seen.len(), total, "{name}: {filter:?}");
                    return seen;
                }
            }
        };
        assert_eq!(found(None, None).await.len(), 9, "{name}");
        assert_eq!(found(Some("ITEM"), None).await.len(), 6, "{name}");
        assert_eq!(found(Some("%_d"), None).await.len(), 3, "{name}: no wildcards");
        assert_eq!(found(Some("m_1"), None).await.len(), 0, "{name}");
        let one = ["100%_Done.PDF", "item 1", "item 0"].map(|it| (jobs[1], it.to_owned()));
        assert_eq!(found(None, Some(jobs[1])).await, one, "{name}: the newest first");
        assert_eq!(found(Some("pdf"), Some(jobs[1])).await, one[..1], "{name}");
        assert_eq!(found(None, Some(JobId(Uuid::nil()))).await, [], "{name}");
    }
}
