-- Jobs somebody should look at are found by this index, and counted with the others. Its condition must stay
-- letter for letter what the queries say, or they cannot use it.
create index job_attention on job (id, error_code)
    where status = 'failed' or (status = 'completed' and failed_items > 0);

alter table job_count add column attention integer not null default 0;
update job_count set attention = (select count(*) from job
    where job.status = job_count.status and job.job_type = job_count.job_type
    and (job.status = 'failed' or (job.status = 'completed' and failed_items > 0)));

drop trigger job_added;
drop trigger job_deleted;
drop trigger job_moved;
create trigger job_added after insert on job begin
    insert into job_count (status, job_type, jobs, chunks) values (new.status, new.job_type, 1, new.chunks_created)
    on conflict do update set jobs = jobs + 1, chunks = chunks + excluded.chunks;
end;
create trigger job_deleted after delete on job begin
    update job_count set jobs = jobs - 1, chunks = chunks - old.chunks_created,
        attention = attention - (old.status = 'failed' or (old.status = 'completed' and old.failed_items > 0))
    where status = old.status and job_type = old.job_type;
end;
create trigger job_moved after update of status, chunks_created, failed_items on job
when old.status <> new.status or old.chunks_created <> new.chunks_created
    or (new.status = 'completed' and old.failed_items <> new.failed_items) begin
    update job_count set jobs = jobs - 1, chunks = chunks - old.chunks_created,
        attention = attention - (old.status = 'failed' or (old.status = 'completed' and old.failed_items > 0))
    where status = old.status and job_type = old.job_type;
    insert into job_count (status, job_type, jobs, chunks, attention) values (new.status, new.job_type, 1,
        new.chunks_created, new.status = 'failed' or (new.status = 'completed' and new.failed_items > 0))
    on conflict do update set jobs = jobs + 1, chunks = chunks + excluded.chunks,
        attention = attention + excluded.attention;
end;

-- The job has completed before, and is tried again for its failed items: what was ingested stays, even if it is
-- cancelled.
alter table job add column kept integer not null default 0;

-- One row: what was changed of how the queue works. Without a number of jobs, the configured one holds.
create table queue_setting (
    id                  integer primary key check (id = 1),
    paused              integer not null check (paused in (0, 1)),
    max_concurrent_jobs integer check (max_concurrent_jobs between 1 and 256)
);
insert into queue_setting (id, paused, max_concurrent_jobs) values (1, 0, null);
