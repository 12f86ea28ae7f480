//! `sluice jobs watch`: follows jobs to their end, also over a restart of the server.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use tokio::sync::mpsc::unbounded_channel;

use super::super::Client;
use super::super::follow::{End, News, follow};
use super::super::output::{Output, Tone, note};
use super::super::printable;
use super::super::summary::{Jobs, counted};
use super::bars::Bars;
use super::job_id;
use super::list::name;
use crate::domain::event::RemovedJob;
use crate::domain::{JobFilter, JobId, JobQuery, JobStatus};

/// Follow jobs until all have ended; failure if one did not complete.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "With --json, each job is a line whenever it has changed; its last line says how it ended."
)]
pub struct WatchArgs {
    /// The jobs' ids; without any, all that are pending or running now
    #[arg(value_name = "ID", value_parser = job_id)]
    pub ids: Vec<JobId>,
}

/// Runs the command.
pub async fn run(client: &Client, output: Output, args: WatchArgs) -> anyhow::Result<ExitCode> {
    let jobs = match args.ids.as_slice() {
        [] => active(client).await?,
        ids => ids.iter().map(|id| (*id, id.to_string())).collect(),
    };
    if jobs.is_empty() {
        note("No job is pending or running.");
        return Ok(ExitCode::SUCCESS);
    }
    let mut watch = Watch::new(output, jobs.len() as u64);
    let (accepted, to_follow) = unbounded_channel();
    jobs.into_iter().try_for_each(|job| accepted.send(job))?;
    drop(accepted);
    let followed = follow(client, to_follow, |name, news| match watch.see(name, news) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            watch.broken = Some(error);
            ControlFlow::Break(())
        }
    })
    .await;
    watch.bars.clear();
    if let Some(error) = watch.broken {
        return Err(error);
    }
    if let Err((left, error)) = followed {
        bail!("no longer following {}: {error}", counted(left, "job"));
    }
    if watch.all > 1 && !output.is_json() {
        output.line(&watch.ended)?;
    }
    Ok(if watch.ended.are_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is pending or running, with the names people know. Pending jobs first, because they become running
/// ones meanwhile.
async fn active(client: &Client) -> anyhow::Result<BTreeMap<JobId, String>> {
    let mut active = BTreeMap::new();
    for status in [JobStatus::Pending, JobStatus::Running] {
        let filter = JobFilter { status: Some(status), ..JobFilter::default() };
        let mut query = JobQuery { limit: JobQuery::MAX_LIMIT, ..JobQuery::newest(filter) };
        loop {
            let page = client.jobs(&query).await?;
            active.extend(page.jobs.iter().map(|job| (job.job_id, name(job))));
            query.before = page.next;
            if page.next.is_none() {
                break;
            }
        }
    }
    Ok(active)
}

/// Tells of the jobs as they go on.
struct Watch {
    output: Output,
    all: u64,
    ended: Jobs,
    bars: Bars,
    /// The latest change of each job that was told to programs.
    told: HashMap<JobId, u64>,
    /// Why no more can be told.
    broken: Option<anyhow::Error>,
}

impl Watch {
    fn new(output: Output, all: u64) -> Self {
        let bars = Bars::new(all, output);
        Self { output, all, ended: Jobs::default(), bars, told: HashMap::new(), broken: None }
    }

    fn see(&mut self, name: &str, news: &News) -> anyhow::Result<()> {
        if self.output.is_json() {
            self.tell_programs(news)?;
        } else if let News::Job(job) = news {
            self.bars.show(job);
        }
        let Some(end) = news.end() else { return Ok(()) };
        self.ended.count(&end);
        if self.output.is_json() {
            return Ok(());
        }
        self.bars.ended(news.id());
        let line = self.line(name, news, &end);
        self.bars.above(|| self.output.line(line))
    }

    fn tell_programs(&mut self, news: &News) -> anyhow::Result<()> {
        match news {
            News::Job(job) if self.told.insert(job.job_id, job.seq) == Some(job.seq) => Ok(()),
            News::Job(job) => self.output.json(job),
            News::Unknown(id) => self.output.json(&RemovedJob { job_id: *id }),
        }
    }

    fn line(&self, known_as: &str, news: &News, end: &End) -> String {
        let name = match news {
            News::Job(job) => name(job),
            News::Unknown(_) => known_as.to_owned(),
        };
        let (word, tone, more) = match end {
            End::Completed(chunks) => ("completed", Tone::Good, counted(*chunks, "chunk")),
            End::Failed(reason) => ("failed", Tone::Bad, reason.clone()),
            End::Cancelled => ("cancelled", Tone::Quiet, String::new()),
            End::Forgotten => ("unknown", Tone::Bad, "the server knows no such job, or no longer".to_owned()),
        };
        let word = self.output.toned(tone, &format!("{word:9}"));
        let said = match more.as_str() {
            "" => name,
            // Many a reason begins with the name of the file.
            _ if more.starts_with(&name) => more,
            _ => format!("{name}: {more}"),
        };
        format!("{word}  {}", printable::line(&said))
    }
}
