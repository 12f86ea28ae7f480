//! Bars for the jobs that are watched, on standard error and only on a terminal.

use std::collections::HashMap;
use std::time::Duration;

use console::truncate_str;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

use super::super::display::style;
use super::super::output::Output;
use super::super::printable;
use super::list::name;
use crate::domain::words::percent;
use crate::domain::{Job, JobId, JobStatus};

/// So many running jobs have a bar of their own: as many as fit a small terminal.
const MOST: usize = 8;

/// The longest name beside a bar, in columns.
const NAME: usize = 40;

const REDRAW: Duration = Duration::from_millis(200);

/// One bar for all jobs, and one for each of some that run.
#[derive(Debug)]
pub struct Bars {
    bars: MultiProgress,
    /// How many have ended; only where there are several.
    all: Option<ProgressBar>,
    running: HashMap<JobId, ProgressBar>,
}

impl Bars {
    /// Bars for so many jobs; none where programs read.
    pub fn new(jobs: u64, output: Output) -> Self {
        let target =
            if output.is_json() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bars = MultiProgress::with_draw_target(target);
        let all = (jobs > 1).then(|| {
            let all = bars.add(ProgressBar::new(jobs));
            all.set_style(style("[{bar:30}] {human_pos} of {human_len} jobs ended, {elapsed}"));
            all.enable_steady_tick(REDRAW);
            all
        });
        Self { bars, all, running: HashMap::new() }
    }

    /// Shows how far a job is.
    pub fn show(&mut self, job: &Job) {
        if job.status != JobStatus::Running {
            // Back in the queue, perhaps.
            self.take_off(job.job_id);
            return;
        }
        if !self.running.contains_key(&job.job_id) {
            if self.running.len() >= MOST {
                return;
            }
            self.running.insert(job.job_id, self.add(job));
        }
        if let Some(bar) = self.running.get(&job.job_id) {
            bar.set_position(percent(job.progress).into());
            bar.set_message(printable::line(&job.message).into_owned());
        }
    }

    fn add(&self, job: &Job) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new(100));
        bar.set_style(style("[{bar:30}] {pos:>3} % {prefix}  {wide_msg}"));
        bar.set_prefix(truncate_str(&printable::line(&name(job)), NAME, "…").into_owned());
        bar.enable_steady_tick(REDRAW);
        bar
    }

    /// Counts a job that has ended.
    pub fn ended(&mut self, id: JobId) {
        self.take_off(id);
        if let Some(all) = &self.all {
            all.inc(1);
        }
    }

    fn take_off(&mut self, id: JobId) {
        if let Some(bar) = self.running.remove(&id) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
    }

    /// Runs what prints, while the bars make room.
    pub fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bars.suspend(print)
    }

    /// Takes all bars away.
    pub fn clear(&self) {
        if let Some(all) = &self.all {
            all.finish_and_clear();
        }
        self.running.values().for_each(ProgressBar::finish_and_clear);
    }
}
