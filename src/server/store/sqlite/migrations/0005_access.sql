-- Who may do what. Of a key or a session only the SHA-256 of its secret is kept.
create table api_key (
    id         blob    primary key not null,
    name       text    not null check (name <> ''),
    hash       blob    not null check (length(hash) = 32),
    scopes     text    not null,
    created_at integer not null,
    expires_at integer,
    revoked_at integer
);
-- A name says who did something, so no two keys in use share one.
create unique index api_key_name on api_key (name) where revoked_at is null;

-- Someone who logged in with a key; ends with the key.
create table session (
    hash       blob    primary key not null check (length(hash) = 32),
    api_key    blob    not null references api_key (id),
    created_at integer not null,
    expires_at integer not null
) without rowid;
create index session_expiry on session (expires_at);

-- Who did what. Entries outlive what they are about.
create table audit (
    id         integer primary key autoincrement not null,
    at         integer not null,
    by         text    not null,
    action     text    not null,
    subject    text    not null,
    detail     text    not null,
    request_id text    not null
);
create index audit_at on audit (at);

-- Requests that may come again, by the key their sender gave them, and the jobs they brought.
create table request_key (
    by          text    not null,
    key         text    not null,
    fingerprint blob    not null check (length(fingerprint) = 32),
    job         blob    not null,
    created_at  integer not null,
    primary key (by, key)
) without rowid;
create index request_key_age on request_key (created_at);

-- On whose behalf a job was accepted, and in which request.
alter table job add column accepted_by text not null default '';
alter table job add column request_id text not null default '';
