//! Where a job is, in a few words.

use super::words::{count, part_of_size};
use super::{Job, JobStatus, JobType, Stage};

/// What a job is doing, has done, or waits for.
pub fn where_it_is(job: &Job) -> String {
    match (job.status, job.stage) {
        _ if job.cancel_requested => "Cancelling".to_owned(),
        (JobStatus::Running, Some(Stage::Indexing)) if job.chunks_indexed == 0 => {
            "Waiting for the index".to_owned()
        }
        (JobStatus::Running, Some(Stage::Indexing)) => {
            format!("{} of {} chunks indexed", count(job.chunks_indexed), count(job.chunks_created))
        }
        (JobStatus::Running, _) => reading(job),
        (JobStatus::Pending, _) if job.message.is_empty() => "Waiting for its turn".to_owned(),
        _ => job.message.clone(),
    }
}

fn reading(job: &Job) -> String {
    // "Read page 34 of 311": the file that is read now.
    let step = job.message.strip_prefix("Read ");
    let items = (job.job_type.has_items() && job.total_items > 1)
        .then(|| format!("{} of {} {}", count(job.processed_items), count(job.total_items), item(job)));
    match (items, step) {
        (Some(items), Some(step)) => format!("{items}, reading {step}"),
        (Some(items), None) => items,
        (None, Some(step)) => format!("Reading {step}"),
        (None, None) if job.bytes_done > 0 && job.size_bytes > 0 => {
            format!("{} read", part_of_size(job.bytes_done.min(job.size_bytes), job.size_bytes))
        }
        (None, None) => "Reading".to_owned(),
    }
}

/// What the items of a job are called.
fn item(job: &Job) -> &'static str {
    match job.job_type {
        JobType::DirectoryIngestion => "files",
        _ if job.name.ends_with(" files") => "files",
        _ => "items",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_says_how_far_it_is() {
        let job = || Job {
            status: JobStatus::Running,
            stage: Some(Stage::Reading),
            size_bytes: 8_000_000,
            chunks_created: 5000,
            job_type: JobType::FileIngestion,
            ..Job::example()
        };
        let folder =
            || Job { job_type: JobType::DirectoryIngestion, total_items: 1040, processed_items: 12, ..job() };
        let indexing = |chunks_indexed| Job { stage: Some(Stage::Indexing), chunks_indexed, ..job() };
        let page = || "Read page 34 of 311".to_owned();
        let done = "File ingested successfully".to_owned();
        for (job, text) in [
            (Job { status: JobStatus::Pending, stage: None, ..job() }, "Waiting for its turn"),
            (
                Job { status: JobStatus::Pending, message: "Waiting for attempt 2 of 3".into(), ..job() },
                "Waiting for attempt 2 of 3",
            ),
            (job(), "Reading"),
            (Job { bytes_done: 3_200_000, ..job() }, "3.2 of 8.0 MB read"),
            (Job { bytes_done: 3_200_000, message: page(), ..job() }, "Reading page 34 of 311"),
            (folder(), "12 of 1,040 files"),
            (Job { message: page(), ..folder() }, "12 of 1,040 files, reading page 34 of 311"),
            (Job { job_type: JobType::BatchIngestion, ..folder() }, "12 of 1,040 items"),
            (indexing(0), "Waiting for the index"),
            (indexing(1204), "1,204 of 5,000 chunks indexed"),
            (Job { cancel_requested: true, ..job() }, "Cancelling"),
            (
                Job { status: JobStatus::Completed, stage: None, message: done, ..job() },
                "File ingested successfully",
            ),
        ] {
            assert_eq!(where_it_is(&job), text);
        }
    }
}
