//! `sluice smoke`: tries the main calls against a running server, one line each.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use serde_json::json;
use uuid::Uuid;

use super::Client;
use super::api::{JobAction, Message};
use super::connection::Connection;
use super::output::{Output, Tone};
use super::printable::line;
use super::summary::counted;
use crate::domain::{
    Answer, DocumentId, Job, JobFilter, JobId, JobQuery, JobSelection, JobStatus, Metadata, Query,
};

/// Try the main calls against a running server: ingest, watch, list, count, query, delete. Leaves nothing behind.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "With --json, each step is a line: {\"step\", \"ok\", \"detail\"}.")]
pub struct SmokeArgs {
    #[command(flatten)]
    pub connection: Connection,

    /// How long a job may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub timeout: u64,

    /// Leave the jobs and documents it makes on the server, to be looked at
    #[arg(long)]
    pub keep: bool,
}

const POLL: Duration = Duration::from_millis(100);

/// The words of the texts beside the word that only this run knows.
const TEXT: &str = "Water reaches the mill when the sluice is open.";
const MESSAGES: [&str; 3] =
    ["The first message speaks of rain.", "The second one is about a river.", "The third tells of the sea."];

/// Runs the command: failure at the first step that does not do what it should.
pub async fn run(args: SmokeArgs) -> anyhow::Result<ExitCode> {
    let mut smoke = Smoke {
        client: args.connection.client()?,
        output: args.connection.output(),
        at: "health",
        timeout: Duration::from_secs(args.timeout),
        word: format!("smoke{}", Uuid::now_v7().simple()),
        jobs: Vec::new(),
        documents: Vec::new(),
    };
    let result = smoke.steps(args.keep).await;
    let Err(error) = result else { return Ok(ExitCode::SUCCESS) };
    let told = smoke.failed(&error);
    if !args.keep {
        smoke.leave_little().await;
    }
    told?;
    Ok(ExitCode::FAILURE)
}

struct Smoke {
    client: Client,
    output: Output,
    /// The step it is at.
    at: &'static str,
    timeout: Duration,
    /// Occurs in every text of this run and nowhere else.
    word: String,
    /// What this run has made on the server.
    jobs: Vec<JobId>,
    documents: Vec<DocumentId>,
}

impl Smoke {
    async fn steps(&mut self, keep: bool) -> anyhow::Result<()> {
        let health = self.client.health().await?;
        self.ok(&format!("version {} says {}", health.version, health.status))?;
        self.at = "async text ingestion";
        self.text().await?;
        self.at = "async batch ingestion";
        self.batch().await?;
        self.at = "listing";
        self.listing().await?;
        self.at = "statistics";
        self.statistics().await?;
        self.at = "query";
        self.query().await?;
        if keep {
            return Ok(());
        }
        self.at = "clean-up";
        self.delete().await
    }

    /// Deletes what can still be deleted after a step has failed.
    async fn leave_little(&self) {
        let made = JobSelection { ids: self.jobs.clone(), ..JobSelection::default() };
        if made.ids.is_empty() {
            return;
        }
        let _ = self.client.act_on_jobs(JobAction::Cancel, &made).await;
        for id in &self.documents {
            let _ = self.client.delete_document(*id).await;
        }
        let _ = self.client.delete_jobs(&self.jobs).await;
    }

    /// Tells that the step went well.
    fn ok(&self, detail: &str) -> anyhow::Result<()> {
        self.tell(true, detail)
    }

    fn failed(&self, error: &anyhow::Error) -> anyhow::Result<()> {
        self.tell(false, &format!("{error:#}"))
    }

    fn tell(&self, ok: bool, detail: &str) -> anyhow::Result<()> {
        let step = self.at;
        if self.output.is_json() {
            return self.output.json(&json!({ "step": step, "ok": ok, "detail": detail }));
        }
        let (word, tone) = if ok { ("ok", Tone::Good) } else { ("failed", Tone::Bad) };
        self.output.line(format_args!("{}  {step}: {}", self.output.toned(tone, word), line(detail)))
    }

    async fn text(&mut self) -> anyhow::Result<()> {
        let text = format!("{TEXT} {}", self.word);
        let accepted = self.client.ingest_text_async(&text, &metadata()).await?;
        self.jobs.push(accepted.job_id);
        self.documents.push(DocumentId::of(accepted.job_id, 0));
        let job = self.completed(accepted.job_id).await?;
        ensure!(job.metadata == metadata(), "job {} has lost its metadata", job.job_id);
        self.ok(&described(&job))
    }

    async fn batch(&mut self) -> anyhow::Result<()> {
        let messages = MESSAGES
            .map(|text| Message { text: format!("{text} {}", self.word), metadata: Metadata::default() });
        let accepted = self.client.ingest_batch_async(&messages, &metadata()).await?;
        self.jobs.push(accepted.job_id);
        let items = MESSAGES.len() as u64;
        self.documents.extend((0..items).map(|item| DocumentId::of(accepted.job_id, item)));
        let job = self.completed(accepted.job_id).await?;
        ensure!(
            (job.total_items, job.processed_items, job.failed_items) == (items, items, 0),
            "job {} of {items} messages says {} of {} done, {} failed",
            job.job_id,
            job.processed_items,
            job.total_items,
            job.failed_items,
        );
        self.ok(&format!("{}, {items} messages", described(&job)))
    }

    /// Watches a job until it has completed, and that its progress never goes back.
    async fn completed(&self, id: JobId) -> anyhow::Result<Job> {
        let started = Instant::now();
        let (mut progress, mut attempt) = (0.0, 0);
        loop {
            let job = self.client.job(id).await?.job;
            match job.status {
                JobStatus::Completed => {
                    ensure!(job.progress == 1.0, "job {id} has completed with progress {}", job.progress);
                    ensure!(job.chunks_created > 0, "job {id} has completed without any chunk");
                    return Ok(job);
                }
                JobStatus::Failed => bail!("job {id} failed: {}", job.error_message),
                JobStatus::Cancelled => bail!("someone cancelled job {id}"),
                JobStatus::Pending | JobStatus::Running => (),
            }
            let went_back = job.attempt == attempt && job.progress < progress;
            ensure!(!went_back, "the progress of job {id} went back from {progress} to {}", job.progress);
            (progress, attempt) = (job.progress, job.attempt);
            ensure!(
                started.elapsed() < self.timeout,
                "job {id} is still {} at {:.0} % after {} s",
                job.status,
                progress * 100.0,
                self.timeout.as_secs()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    async fn listing(&self) -> anyhow::Result<()> {
        let made = &self.jobs;
        for status in [None, Some(JobStatus::Completed)] {
            let filter = JobFilter { status, ..JobFilter::default() };
            let query = JobQuery { limit: JobQuery::MAX_LIMIT, ..JobQuery::newest(filter) };
            let page = self.client.jobs(&query).await?;
            let found = made.iter().filter(|id| page.jobs.iter().any(|job| job.job_id == **id)).count();
            let name = status.map_or("all".to_owned(), |status| status.to_string());
            ensure!(found == made.len(), "the list of {name} jobs has {found} of {} new jobs", made.len());
            let others =
                page.jobs.iter().filter(|job| status.is_some_and(|wanted| job.status != wanted)).count();
            ensure!(others == 0, "the list of {name} jobs has {others} jobs in another state");
            if status.is_none() {
                self.ok(&format!("{}, the new ones among them", counted(page.total_count, "job")))?;
            }
        }
        Ok(())
    }

    async fn statistics(&self) -> anyhow::Result<()> {
        let stats = self.client.stats().await?;
        let sum: u64 = JobStatus::ALL.into_iter().map(|status| stats.of(status)).sum();
        ensure!(sum == stats.total_jobs, "{} jobs in all, but the states add up to {sum}", stats.total_jobs);
        ensure!(stats.completed >= 2, "two jobs have completed, counted are {}", stats.completed);
        let (completed, chunks) = (stats.completed, counted(stats.total_chunks_created, "chunk"));
        self.ok(&format!("{}, {completed} completed, {chunks}", counted(stats.total_jobs, "job")))?;
        Ok(())
    }

    async fn query(&self) -> anyhow::Result<()> {
        let answer = self.ask().await?;
        let found = answer.sources.iter().filter(|source| source.content.contains(&self.word)).count();
        ensure!(found == self.documents.len(), "found {found} of {} texts", self.documents.len());
        ensure!(!answer.answer.is_empty(), "the answer is empty");
        let lost =
            answer.sources.iter().any(|source| source.metadata.0.get("source") != Some(&"smoke".into()));
        ensure!(!lost, "a source has lost its metadata");
        self.ok(&format!("found all {found} texts in {:.1} ms", answer.metadata.took_ms))?;
        Ok(())
    }

    async fn delete(&self) -> anyhow::Result<()> {
        for id in &self.documents {
            self.client.delete_document(*id).await?;
        }
        let left = self.ask().await?.sources.len();
        ensure!(left == 0, "{} still found after their deletion", counted(left as u64, "text"));
        let outcome = self.client.delete_jobs(&self.jobs).await?;
        let (jobs, deleted) = (self.jobs.len() as u64, outcome.changed);
        ensure!(deleted == jobs, "{deleted} of {} could be deleted", counted(jobs, "job"));
        self.ok(&format!(
            "{} and {} deleted and no longer found",
            counted(self.documents.len() as u64, "document"),
            counted(jobs, "job")
        ))
    }

    async fn ask(&self) -> anyhow::Result<Answer> {
        let query = Query { question: self.word.clone(), max_chunks: 10 };
        Ok(self.client.query(&query).await?)
    }
}

fn metadata() -> Metadata {
    Metadata([("source".to_owned(), "smoke".into())].into_iter().collect())
}

fn described(job: &Job) -> String {
    format!("job {} {}, {}", job.job_id, job.status, counted(job.chunks_created, "chunk"))
}
