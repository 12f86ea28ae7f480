//! `sluice ingest`: sends files and folders to a running server and follows their jobs to the end.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use anyhow::Context;
use clap::builder::PossibleValuesParser;
use futures::StreamExt;
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::connection::Connection;
use super::display::{Counts, Display, add, read};
use super::files::{self, Found, FoundFile};
use super::follow::{End, News, follow};
use super::output::{Output, note};
use super::patience::Patience;
use super::summary::{Jobs, Summary, counted};
use super::{Client, ClientError};
use crate::domain::event::RemovedJob;
use crate::domain::words::of_it;
use crate::domain::{JobId, JobSummary, Metadata, OnDuplicate};

/// Send files or folders to a running server and wait until they can be found.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "With --json, each job is a line: when it ends, or with --no-wait when it is accepted."
)]
pub struct IngestArgs {
    /// Files or folders. Folders are sent with all that is below them, except hidden files, links and
    /// formats Sluice does not read; their files get their place as `path` in the metadata.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    pub connection: Connection,

    /// How many files are sent at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallel: u16,

    /// A JSON object kept with every document, such as {"source": "wiki"}.
    #[arg(long, value_name = "JSON", default_value_t, hide_default_value = true)]
    pub metadata: String,

    /// Opens the files that are encrypted.
    #[arg(long, env = "SLUICE_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,

    /// The longest chunk, in characters, in place of the server's setting.
    #[arg(long)]
    pub chunk_size: Option<u32>,

    /// How much of a chunk the next one repeats at most, in characters.
    #[arg(long)]
    pub chunk_overlap: Option<u32>,

    /// What to do with a file whose content a document has already; without it, it is taken in again.
    #[arg(long, value_parser = PossibleValuesParser::new(OnDuplicate::ALL.map(OnDuplicate::as_str)))]
    pub on_duplicate: Option<String>,

    /// An http or https URL that is told of each job's end, if the server sends webhooks.
    #[arg(long, value_name = "URL")]
    pub callback_url: Option<String>,

    /// End when everything is sent, without waiting for the jobs.
    #[arg(long)]
    pub no_wait: bool,
}

impl IngestArgs {
    /// What goes with every file, beside its metadata.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let number = |value: Option<u32>| value.map(|it| it.to_string());
        let fields = [
            ("password", self.password.clone()),
            ("callback_url", self.callback_url.clone()),
            ("chunk_size", number(self.chunk_size)),
            ("chunk_overlap", number(self.chunk_overlap)),
            (OnDuplicate::NAME, self.on_duplicate.clone()),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Runs the command: failure if any file was not sent or any job did not complete.
pub async fn run(args: IngestArgs) -> anyhow::Result<ExitCode> {
    let output = args.connection.output();
    let summary = ingest(args).await?;
    if output.is_json() {
        note(&summary.to_string());
    } else {
        output.line(&summary)?;
    }
    Ok(if summary.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Sends everything and, unless told otherwise, waits for all jobs to end.
pub(super) async fn ingest(args: IngestArgs) -> anyhow::Result<Summary> {
    let metadata = Metadata::parse(&args.metadata).map_err(anyhow::Error::msg)?;
    let fields = args.fields();
    let (client, output) = (args.connection.client()?, args.connection.output());
    client.health().await?;
    let paths = args.paths;
    let found = tokio::task::spawn_blocking(move || files::find(&paths))
        .await
        .context("looking for files")?
        .map_err(anyhow::Error::msg)?;

    if found.files.is_empty() && found.unreadable.is_empty() {
        anyhow::bail!(
            "there is no file to send: hidden files and formats that Sluice does not read are left out"
        );
    }
    let started = Instant::now();
    let display = Display::new(found.files.len() as u64, found.bytes(), !args.no_wait);
    let counts = Arc::new(Counts::default());
    for reason in &found.unreadable {
        display.line(&format!("not sent: {reason}"));
    }
    let (accepted, to_follow) = unbounded_channel();
    let told = Told { display: &display, counts: &counts, output };
    let sender = Sender { client: &client, metadata, fields, told, waits: !args.no_wait, accepted };
    let work = async {
        if args.no_wait {
            drop(to_follow);
            sender.send_all(&found, args.parallel).await;
            None
        } else {
            let jobs = follow_all(&client, to_follow, told);
            Some(tokio::join!(sender.send_all(&found, args.parallel), jobs).1)
        }
    };
    let jobs = tokio::select! {
        jobs = work => jobs,
        () = display.follow(&counts) => None,
    };
    display.close(&counts);
    Ok(Summary {
        files_sent: read(&counts.files_sent),
        bytes_sent: read(&counts.bytes_sent),
        files_lost: read(&counts.files_lost) + found.unreadable.len() as u64,
        skipped: found.skipped,
        jobs,
        elapsed: started.elapsed(),
    })
}

/// Who hears of what happens.
#[derive(Clone, Copy)]
struct Told<'a> {
    display: &'a Display,
    counts: &'a Arc<Counts>,
    output: Output,
}

impl Told<'_> {
    /// Tells programs of a job. The files are sent also when nobody reads any more.
    fn json(&self, value: &impl Serialize) {
        if self.output.is_json() {
            let _ = self.display.above(|| self.output.json(value));
        }
    }

    /// Tells of a job that was taken, and that nobody waits for.
    fn accepted(&self, job: &JobSummary) {
        self.json(job);
    }

    /// Tells how a job ended.
    fn ended(&self, name: &str, news: &News, end: &End) {
        match news {
            News::Job(job) => self.json(job),
            News::Unknown(id) => self.json(&RemovedJob { job_id: *id }),
        }
        match end {
            End::Completed(_) => (),
            End::Failed(reason) => self.display.line(&format!("failed: {name}: {}", of_it(name, reason))),
            End::Cancelled => self.display.line(&format!("cancelled: {name}")),
            End::Forgotten => {
                let why = "its job was cleaned up before its end was seen";
                self.display.line(&format!("unknown: {name}: {why}"));
            }
        }
        add(&self.counts.jobs_ended, 1);
    }
}

/// Sends files; shared by those on their way at the same time.
struct Sender<'a> {
    client: &'a Client,
    metadata: Metadata,
    fields: Vec<(&'static str, String)>,
    told: Told<'a>,
    waits: bool,
    accepted: UnboundedSender<(JobId, String)>,
}

impl Sender<'_> {
    /// Sends all files, `parallel` at a time. Takes itself so that its end tells the follower.
    async fn send_all(self, found: &Found, parallel: u16) {
        let server_is_gone = AtomicBool::new(false);
        futures::stream::iter(&found.files)
            .for_each_concurrent(usize::from(parallel), |file| {
                let (sender, server_is_gone) = (&self, &server_is_gone);
                async move {
                    // One file has waited long enough for all of them.
                    if server_is_gone.load(Ordering::Relaxed) {
                        return add(&sender.told.counts.files_lost, 1);
                    }
                    if let Err(error) = sender.send(file).await {
                        add(&sender.told.counts.files_lost, 1);
                        let fate = match error {
                            ClientError::Broken { .. } => "perhaps not sent",
                            _ => "not sent",
                        };
                        sender.told.display.line(&format!("{fate}: {}: {error}", file.path.display()));
                        if matches!(error, ClientError::Unreachable { .. }) {
                            server_is_gone.store(true, Ordering::Relaxed);
                        }
                    }
                }
            })
            .await;
    }

    /// Sends one file, waiting for a server that is busy or restarting.
    async fn send(&self, file: &FoundFile) -> Result<(), ClientError> {
        let metadata = metadata_of(file, &self.metadata);
        let mut patience = Patience::sending();
        loop {
            let this_try = Arc::new(AtomicU64::new(0));
            let sent = {
                let (counts, this_try) = (Arc::clone(self.told.counts), Arc::clone(&this_try));
                move |bytes| {
                    add(&counts.bytes_sent, bytes);
                    add(&this_try, bytes);
                }
            };
            match self.client.ingest_file(&file.path, &file.name, &metadata, &self.fields, sent).await {
                Ok(job) => {
                    add(&self.told.counts.files_sent, 1);
                    if !self.waits {
                        self.told.accepted(&job);
                    }
                    // Nobody listens when nobody waits.
                    let _ = self.accepted.send((job.job_id, file.path.display().to_string()));
                    return Ok(());
                }
                Err(error) => {
                    self.told.counts.bytes_sent.fetch_sub(read(&this_try), Ordering::Relaxed);
                    match patience.after(&error, Instant::now()) {
                        Some(wait) => tokio::time::sleep(wait).await,
                        None => return Err(error),
                    }
                }
            }
        }
    }
}

/// The metadata sent with a file: where it is in its folder, and over it what the caller wants.
fn metadata_of(file: &FoundFile, wanted: &Metadata) -> Metadata {
    let mut metadata = Metadata::default();
    if let Some(within) = &file.within {
        metadata.0.insert("path".to_owned(), within.as_str().into());
    }
    metadata.overlaid(wanted)
}

/// Follows all jobs to their end, saying which did not complete.
async fn follow_all(client: &Client, accepted: UnboundedReceiver<(JobId, String)>, told: Told<'_>) -> Jobs {
    let mut jobs = Jobs::default();
    let followed = follow(client, accepted, |name, news| {
        if let Some(end) = news.end() {
            told.ended(name, news, &end);
            jobs.count(&end);
        }
        ControlFlow::Continue(())
    })
    .await;
    if let Err((left, error)) = followed {
        told.display.line(&format!("no longer following {}: {error}", counted(left, "job")));
        jobs.unknown += left;
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_folder_carries_its_place_and_the_caller_wins() {
        let mut file = FoundFile {
            path: "docs/a/README.md".into(),
            name: "README.md".to_owned(),
            within: Some("docs/a/README.md".to_owned()),
            size: 1,
        };
        let wanted = Metadata::parse(r#"{"source": "wiki"}"#).unwrap();
        let expected = Metadata::parse(r#"{"path": "docs/a/README.md", "source": "wiki"}"#).unwrap();
        assert_eq!(metadata_of(&file, &wanted), expected);
        let wanted = Metadata::parse(r#"{"path": "mine"}"#).unwrap();
        assert_eq!(metadata_of(&file, &wanted), wanted);
        file.within = None;
        assert!(metadata_of(&file, &Metadata::default()).is_empty());
    }
}
