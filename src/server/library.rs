//! What has been taken in: documents, and questions over them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;

use crate::domain::access::{Action, Actor};
use crate::domain::document::IndexState;
use crate::domain::search::AnswerMetadata;
use crate::domain::{
    Answer, DocumentFilter, DocumentId, DocumentPage, DocumentWithChunks, KnowledgeBase, Query, Source,
};
use crate::server::clock;
use crate::server::index::{FullTextIndex, answer};
use crate::server::originals::{Bytes, NotKept, Original};
use crate::server::store::{Deed, Passage, Store, StoreError};

/// Questions ranked at the same time.
const AT_ONCE: usize = 16;

/// Hits beyond those asked for, in place of those whose document was just deleted.
const SPARE_HITS: usize = 16;

/// Lists, shows and deletes documents, and answers questions.
#[derive(Clone, Debug)]
pub struct Library {
    store: Arc<dyn Store>,
    index: FullTextIndex,
    /// Questions ranked at the same time; more wait, so that each is quick.
    places: Arc<Semaphore>,
    /// On whose behalf documents are deleted.
    by: Actor,
}

/// Why a wish about documents was not met.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    #[error("There is no document {0}.")]
    NotFound(DocumentId),
    #[error("The question is empty. Ask something.")]
    EmptyQuestion,
    #[error("The question has {0} characters; it can have at most {most}.", most = Query::MAX_QUESTION)]
    LongQuestion(usize),
    #[error("max_chunks is {0}; it must be from 1 to {most}.", most = Query::MAX_CHUNKS)]
    MaxChunks(u32),
    #[error(transparent)]
    Original(#[from] NotKept),
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    #[error("the index failed: {0}")]
    Index(#[from] tantivy::TantivyError),
    #[error("a search panicked")]
    Panicked,
}

impl Library {
    pub fn new(store: Arc<dyn Store>, index: FullTextIndex) -> Self {
        Self { store, index, places: Arc::new(Semaphore::new(AT_ONCE)), by: Actor::server() }
    }

    /// The same library, acting for someone.
    pub fn on_behalf_of(&self, by: Actor) -> Self {
        Self { by, ..self.clone() }
    }

    /// The newest documents that match the filter, or those older than `before`.
    pub async fn documents(
        &self,
        filter: DocumentFilter,
        before: Option<DocumentId>,
        limit: u32,
    ) -> Result<DocumentPage, LibraryError> {
        Ok(self.store.documents(filter, before, limit.clamp(1, DocumentPage::MAX_LIMIT)).await?)
    }

    /// One document with `limit` of its chunks from `offset` on.
    pub async fn document(
        &self,
        id: DocumentId,
        offset: u64,
        limit: u32,
    ) -> Result<DocumentWithChunks, LibraryError> {
        let limit = limit.clamp(1, DocumentWithChunks::MAX_LIMIT);
        self.store.document(id, offset, limit).await?.ok_or(LibraryError::NotFound(id))
    }

    /// The original of a document.
    pub async fn original(&self, id: DocumentId) -> Result<Original, LibraryError> {
        let found = self.store.document(id, 0, 0).await?.ok_or(LibraryError::NotFound(id))?.document;
        let blob = found.sha256.as_deref().and_then(|it| it.parse().ok()).ok_or(NotKept::NoCopy)?;
        Ok(Original { name: found.name, media_type: found.media_type, bytes: Bytes::Blob(blob) })
    }

    /// Deletes a document: no query finds it any more.
    pub async fn delete_document(&self, id: DocumentId) -> Result<(), LibraryError> {
        if !self.store.delete_document(id).await? {
            return Err(LibraryError::NotFound(id));
        }
        let deed = Deed {
            by: self.by.clone(),
            action: Action::DeleteDocument,
            subject: id.to_string(),
            detail: String::new(),
        };
        if let Err(error) = self.store.record(deed, clock::now()).await {
            tracing::error!(%error, document.id = %id, by = &*self.by.name, "the audit trail lacks a deletion");
        }
        Ok(())
    }

    /// How much has been taken in, and whether the index has all of it.
    pub async fn knowledge_base(&self) -> Result<KnowledgeBase, LibraryError> {
        let totals = self.store.totals().await?;
        let chunks = self.index.chunk_count();
        Ok(KnowledgeBase {
            documents: totals.documents,
            chunks: totals.chunks,
            bytes: totals.bytes,
            index: IndexState { up_to_date: chunks == totals.chunks, chunks, seq: self.index.indexed() },
        })
    }

    /// Answers a question with the best passages.
    pub async fn ask(&self, query: Query) -> Result<Answer, LibraryError> {
        let started = Instant::now();
        let question = query.question.trim().to_owned();
        let length = question.chars().count();
        if question.is_empty() {
            return Err(LibraryError::EmptyQuestion);
        }
        if length > Query::MAX_QUESTION {
            return Err(LibraryError::LongQuestion(length));
        }
        if !(1..=Query::MAX_CHUNKS).contains(&query.max_chunks) {
            return Err(LibraryError::MaxChunks(query.max_chunks));
        }

        let place = self.places.clone().acquire_owned().await.map_err(|_| LibraryError::Panicked)?;
        let wanted = query.max_chunks as usize;
        let index = self.index.clone();
        // The place goes along into the thread: whoever asked may go before the search ends.
        let ranked = blocking(move || (index.rank(&question, wanted + SPARE_HITS), place)).await?;
        let (ranking, place) = (ranked.0?, ranked.1);
        let keys = ranking.hits.iter().map(|(key, _)| *key).collect();
        let scores: HashMap<_, _> = ranking.hits.into_iter().collect();
        let mut passages = self.store.passages(keys).await?;
        passages.truncate(wanted);

        let index = self.index.clone();
        let mut answer = blocking(move || {
            let texts: Vec<&str> = passages.iter().map(|it| it.chunk.text.as_str()).collect();
            let sentences = answer::compose(&texts, &ranking.weights);
            let snippets = index.snippets(&ranking.weights);
            let sources = passages
                .into_iter()
                .map(|passage| {
                    let score = scores.get(&passage.key).copied().unwrap_or_default();
                    let snippet = snippets.of(&passage.chunk.text);
                    source(passage, score, snippet)
                })
                .collect();
            drop(place);
            Answer { answer: sentences, sources, metadata: AnswerMetadata::default() }
        })
        .await?;
        answer.metadata.took_ms = started.elapsed().as_secs_f64() * 1000.0;
        Ok(answer)
    }
}

fn source(passage: Passage, score: f32, snippet: String) -> Source {
    Source {
        score,
        metadata: passage.document.metadata,
        document_id: passage.document.document_id,
        document_name: passage.document.name,
        chunk_index: passage.chunk.chunk_index,
        start: passage.chunk.start,
        end: passage.chunk.end,
        location: passage.chunk.location,
        place: passage.chunk.place,
        content: passage.chunk.text,
        snippet,
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, LibraryError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| LibraryError::Panicked)
}
