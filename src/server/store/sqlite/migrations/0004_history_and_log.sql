-- The times of the present attempt. `queued_at` is when the job began to wait for it; null: when it was accepted.
alter table job add column queued_at integer;
alter table job add column read_at integer;

-- Former attempts; what the present one does is in `job`. One that was given back has the number of the next
-- one, so of each number there is at most one of each outcome.
alter table job_attempt rename to failed_attempt;
create table job_attempt (
    job           blob    not null,
    attempt       integer not null,
    outcome       text    not null check (outcome in ('completed', 'failed', 'cancelled', 'released')),
    queued_at     integer not null,
    started_at    integer not null,
    read_at       integer,
    ended_at      integer not null,
    -- When the next attempt was to come, if there was to be one.
    retry_at      integer,
    error_code    text    not null,
    error_message text    not null,
    primary key (job, attempt, outcome)
) without rowid;
insert into job_attempt select job, attempt, 'failed', started_at, started_at, null, ended_at, null, error_code, error_message
from failed_attempt;
drop table failed_attempt;

-- What happened in an attempt beyond what its times say.
create table job_log (
    job     blob    not null,
    attempt integer not null,
    line    integer not null,
    at      integer not null,
    level   text    not null check (level in ('info', 'warning', 'error')),
    text    text    not null,
    primary key (job, attempt, line)
) without rowid;

-- What happened in the step of time that begins at `at`: a minute, and longer the longer it is ago.
create table history (
    at        integer primary key not null,
    accepted  integer not null,
    completed integer not null,
    failed    integer not null,
    cancelled integer not null,
    chunks    integer not null
);
-- How many jobs took so long in a stage: `bucket` is the logarithm of the milliseconds, in quarters.
create table stage_time (
    at     integer not null,
    stage  text    not null check (stage in ('waiting', 'reading', 'indexing')),
    bucket integer not null,
    jobs   integer not null,
    primary key (at, stage, bucket)
) without rowid;

-- What the rows of jobs still know of the time before.
insert into history select at, sum(accepted), sum(completed), sum(failed), sum(cancelled), sum(chunks) from (
    select created_at - created_at % 60000 as at, 1 as accepted, 0 as completed, 0 as failed, 0 as cancelled, 0 as chunks
    from job
    union all
    select completed_at - completed_at % 60000, 0, status = 'completed', status = 'failed', status = 'cancelled',
        iif(status = 'completed', chunks_created, 0)
    from job where completed_at is not null
) group by at;

-- What the pace of jobs is measured by: those that took a while.
create index job_pace on job (job_type, completed_at) where status = 'completed' and completed_at - started_at >= 1000;
