-- The SHA-256 of a document's source; null for texts taken in before it was kept.
alter table document add column content_hash blob;
update document set content_hash = blob where blob is not null;
create index document_content on document (content_hash) where content_hash is not null;

-- What became of content that a document had already, and which document that was.
alter table job add column duplicate text check (duplicate in ('skipped', 'replaced', 'refused'));
alter table job add column duplicate_of blob;
alter table job_item add column duplicate text check (duplicate in ('skipped', 'replaced', 'refused'));
alter table job_item add column duplicate_of blob;
