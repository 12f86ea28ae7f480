-- Where in its source a chunk is, as JSON; null where nothing is known.
alter table chunk add column location text;

-- What was not as it should be though the work went on: JSON arrays.
alter table document add column warnings text not null default '[]';
alter table job add column warnings text not null default '[]';
create index job_warned on job (id) where warnings <> '[]';
