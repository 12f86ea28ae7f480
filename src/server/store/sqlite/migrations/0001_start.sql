-- Times are milliseconds since 1970 UTC. Ids are the 16 bytes of a UUID.

create table job (
    id               blob    primary key not null,
    seq              integer not null,
    job_type         text    not null,
    status           text    not null default 'pending' check (status in ('pending', 'running', 'completed', 'failed', 'cancelled')),
    stage            text    check (stage in ('reading', 'indexing')),
    name             text    not null,
    created_at       integer not null,
    due_at           integer not null,
    started_at       integer,
    completed_at     integer,
    attempt          integer not null default 0,
    max_attempts     integer not null check (max_attempts > 0),
    worker           text,
    lease_until      integer,
    cancel_requested integer not null default 0,
    -- Large, so that nobody sits and waits for it: claimed as if it were due half a minute later.
    bulk             integer not null,
    -- The server crashed while it worked on it: claimed only when no other such job runs.
    suspect          integer not null default 0,
    size_bytes       integer not null,
    total_items      integer not null,
    processed_items  integer not null default 0,
    failed_items     integer not null default 0,
    bytes_done       integer not null default 0,
    chunks_created   integer not null default 0,
    chunks_indexed   integer not null default 0,
    progress         real    not null default 0 check (progress between 0 and 1),
    -- The change number of the last document the job wrote: completed once the index has passed it.
    wait_seq         integer not null default 0,
    message          text    not null default '',
    error_code       text    not null default '',
    error_message    text    not null default '',
    metadata         text    not null,
    -- The rules every statement relies on. Without them a crash between two writes could leave a row
    -- that no claim, rescue or clean-up ever finds again.
    check ((stage is not null) = (status = 'running')),
    check (cancel_requested = 0 or status in ('pending', 'running')),
    check ((lease_until is not null) = (stage is not null and stage = 'reading')),
    check ((worker is not null) = (lease_until is not null)),
    check ((completed_at is not null) = (status in ('completed', 'failed', 'cancelled')))
);
create unique index job_seq on job (seq);
create index job_status on job (status, id);
-- Exactly what `claim` walks, in the order it walks it.
create index job_due on job (suspect, bulk, due_at, id) where status = 'pending' and cancel_requested = 0;
create index job_suspect on job (id) where suspect = 1 and stage = 'reading';
-- What `complete_indexed` walks.
create index job_waiting on job (wait_seq) where stage = 'indexing';
-- What `rescue` walks: attempts that may have lost their worker, and jobs being cancelled.
create index job_lease on job (lease_until) where lease_until is not null;
create index job_cancelling on job (id) where cancel_requested = 1;
-- What `clean_up` walks.
create index job_ended on job (completed_at) where completed_at is not null;

-- What a job reads, as JSON; gone when the job has completed. Apart from `job`, whose rows change often and
-- should be small.
create table job_source (
    job    blob primary key not null,
    source text not null
);

-- Attempts that failed; what the present one does is in `job`.
create table job_attempt (
    job           blob    not null,
    attempt       integer not null,
    started_at    integer not null,
    ended_at      integer not null,
    error_code    text    not null,
    error_message text    not null,
    primary key (job, attempt)
) without rowid;

-- The results of the items of batches and folders.
create table job_item (
    job           blob    not null,
    item          integer not null,
    name          text    not null,
    document      blob,
    chunks        integer not null default 0,
    error_code    text    not null default '',
    error_message text    not null default '',
    primary key (job, item)
) without rowid;
create index job_item_failed on job_item (job, item) where error_code <> '';

-- Which blobs a job's source needs.
create table job_blob (
    blob blob not null,
    job  blob not null,
    primary key (blob, job)
) without rowid;
create index job_blob_job on job_blob (job);

create table document (
    id          blob    primary key not null,
    seq         integer not null,
    -- The writing whose chunks are this document's; see `chunk`.
    version     integer not null,
    job         blob    not null,
    name        text    not null,
    media_type  text    not null,
    size_bytes  integer not null,
    characters  integer not null,
    chunk_count integer not null,
    metadata    text    not null,
    blob        blob,
    created_at  integer not null
);
create unique index document_seq on document (seq);
create unique index document_version on document (version);
create index document_job on document (job);
create index document_blob on document (blob) where blob is not null;

-- `key` is the document version times 2^24 plus the chunk's place, so that a document's chunks lie
-- together, in order, without a second index. Chunks are visible only through a document that names
-- their version.
create table chunk (
    key        integer primary key not null,
    start_char integer not null,
    end_char   integer not null,
    text       text    not null
);

-- Versions whose chunks belong to no document: still being written by this attempt, or to be swept.
create table loose_version (
    version integer primary key not null,
    job     blob,
    attempt integer
);

-- What is gone: a job's row, or a version the index must drop.
create table removal (
    seq     integer primary key not null,
    job     blob,
    version integer,
    check ((job is null) <> (version is null))
);

-- One row. `seq` is the latest change number; removals up to `forgotten_seq` are no longer known.
create table change_counter (
    seq           integer not null,
    forgotten_seq integer not null
);
insert into change_counter values (0, 0);

-- Counts that are always asked for, kept by triggers so that they agree with the rows by construction.
create table job_count (
    status   text    not null,
    job_type text    not null,
    jobs     integer not null,
    chunks   integer not null,
    primary key (status, job_type)
) without rowid;

create trigger job_added after insert on job begin
    insert into job_count values (new.status, new.job_type, 1, new.chunks_created)
    on conflict do update set jobs = jobs + 1, chunks = chunks + excluded.chunks;
end;
create trigger job_deleted after delete on job begin
    update job_count set jobs = jobs - 1, chunks = chunks - old.chunks_created
    where status = old.status and job_type = old.job_type;
end;
create trigger job_moved after update of status, chunks_created on job
when old.status <> new.status or old.chunks_created <> new.chunks_created begin
    update job_count set jobs = jobs - 1, chunks = chunks - old.chunks_created
    where status = old.status and job_type = old.job_type;
    insert into job_count values (new.status, new.job_type, 1, new.chunks_created)
    on conflict do update set jobs = jobs + 1, chunks = chunks + excluded.chunks;
end;

create table document_count (
    documents integer not null,
    chunks    integer not null,
    bytes     integer not null
);
insert into document_count values (0, 0, 0);

create trigger document_added after insert on document begin
    update document_count set documents = documents + 1, chunks = chunks + new.chunk_count, bytes = bytes + new.size_bytes;
end;
create trigger document_deleted after delete on document begin
    update document_count set documents = documents - 1, chunks = chunks - old.chunk_count, bytes = bytes - old.size_bytes;
end;
