-- Who is told of a job's end: URLs, as JSON.
alter table job add column callbacks text not null default '[]';

-- What is to be told, or was: added in the transaction that ends a job. Rows outlive their job's.
create table webhook (
    id         blob    primary key not null check (length(id) = 16),
    job        blob    not null,
    url        text    not null,
    origin     text    not null,
    event      text    not null check (event in ('job.completed', 'job.failed', 'job.cancelled')),
    body       text    not null,
    status     text    not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
    -- Since it was added, or since someone asked for it again.
    tries      integer not null default 0,
    created_at integer not null,
    due_at     integer not null,
    ended_at   integer,
    check ((status = 'pending') = (ended_at is null))
);
-- Each origin's own queue, what is due next of all, and what is forgotten first.
create index webhook_queue on webhook (origin, due_at, id) where status = 'pending';
create index webhook_due on webhook (due_at) where status = 'pending';
create index webhook_age on webhook (created_at) where status = 'pending';
create index webhook_end on webhook (ended_at) where ended_at is not null;
-- How they are listed.
create index webhook_job on webhook (job, id);
create index webhook_status on webhook (status, id);

-- Each try, by its number.
create table webhook_attempt (
    webhook blob    not null,
    attempt integer not null,
    at      integer not null,
    status  integer,
    error   text    not null,
    took_ms integer not null,
    primary key (webhook, attempt)
) without rowid;

-- How many are pending; kept by triggers, so that asking costs nothing.
create table webhook_count (pending integer not null);
insert into webhook_count (pending) values (0);
create trigger webhook_added after insert on webhook when new.status = 'pending' begin
    update webhook_count set pending = pending + 1;
end;
create trigger webhook_changed after update of status on webhook when new.status <> old.status begin
    update webhook_count set pending = pending + (new.status = 'pending') - (old.status = 'pending');
end;
create trigger webhook_forgotten after delete on webhook when old.status = 'pending' begin
    update webhook_count set pending = pending - 1;
end;
