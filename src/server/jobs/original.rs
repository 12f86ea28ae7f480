//! What a job was given, as its sender sent it.

use super::{JobManager, JobsError};
use crate::domain::{Document, Job, JobId, SourceInfo};
use crate::server::ingest::sources::{Input, JobSource, file, text};
use crate::server::originals::{Bytes, NotKept, Original};
use crate::server::store::BlobRef;

impl JobManager {
    /// The original of a job that reads one text or file.
    pub async fn original(&self, id: JobId) -> Result<Original, JobsError> {
        let job = self.get(id).await?;
        if job.job_type.has_items() {
            return Err(NotKept::Items.into());
        }
        let document = self.document_of(&job).await?;
        let (bytes, media_type) = self.bytes_of(&job, document.as_ref()).await?;
        Ok(Original { name: job.name, media_type, bytes })
    }

    /// The same without its bytes.
    pub(super) async fn source_info(
        &self,
        job: &Job,
        document: Option<&Document>,
    ) -> Result<Option<SourceInfo>, JobsError> {
        if job.job_type.has_items() {
            return Ok(None);
        }
        let found = match self.bytes_of(job, document).await {
            Err(JobsError::Original(_)) => None,
            found => Some(found?.0),
        };
        Ok(Some(SourceInfo {
            name: job.name.clone(),
            size_bytes: job.size_bytes,
            sha256: found.as_ref().and_then(Bytes::sha256),
            available: found.is_some(),
        }))
    }

    /// Where a job's bytes are: with the job until it has completed, then with its document.
    async fn bytes_of(&self, job: &Job, document: Option<&Document>) -> Result<(Bytes, String), JobsError> {
        let blob = document.and_then(|it| it.sha256.as_deref()).map(str::parse::<BlobRef>);
        let media_type = document.map_or(String::new(), |it| it.media_type.clone());
        if let Some(Ok(blob)) = blob {
            return Ok((Bytes::Blob(blob), media_type));
        }
        let Some(source) = self.0.store.source(job.job_id).await? else {
            return Err(NotKept::NoCopy.into());
        };
        let bytes = match serde_json::from_str(&source).map(|input: Input| input.source) {
            Ok(JobSource::TextIngestion(text::Source::Inline(text))) => Bytes::Text(text),
            Ok(JobSource::TextIngestion(text::Source::Blob(blob))) => Bytes::Blob(blob),
            Ok(JobSource::FileIngestion(file::Source::Uploaded(blob))) => Bytes::Blob(blob),
            Ok(JobSource::FileIngestion(file::Source::Path(_))) => return Err(NotKept::OnServer.into()),
            _ => return Err(NotKept::NoCopy.into()),
        };
        let media_type = if bytes.is_text(job.job_type) { "text/plain".to_owned() } else { media_type };
        Ok((bytes, media_type))
    }
}
