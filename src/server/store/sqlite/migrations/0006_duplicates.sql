-- The SHA-256 of a document's source; null for texts taken in before it was kept.
alter table document add column content_hash blob;
update document set content_hash = blob where blob is not null;
create index document_content on document (content_hash, id) where content_hash is not null;
-- It took the place of others, so it stays when its job is cancelled.
alter table document add column replaces integer not null default 0;

-- What became of content that a document had already, and which document that was.
alter table job add column duplicate text check (duplicate in ('skipped', 'replaced', 'refused'));
alter table job add column duplicate_of blob;
alter table job_item add column duplicate text check (duplicate in ('skipped', 'replaced', 'refused'));
alter table job_item add column duplicate_of blob;
-- What was skipped, and what others were told that it is there already.
create index job_item_skipped on job_item (job) where duplicate = 'skipped';
create index job_item_twin on job_item (duplicate_of) where duplicate = 'skipped';
create index job_twin on job (duplicate_of) where duplicate = 'skipped';
