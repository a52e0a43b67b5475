-- Whether a run may fit a new encoder by itself; which encoders were taken back with their snapshot;
-- and the published snapshot that a replaced generation of the embeddings still holds.
alter table snapshot_builds add column may_refit boolean not null default false;
alter table encoder_versions add column is_withdrawn boolean not null default false;
alter table index_builds add column holds_as_of timestamptz, add column holds_published_at timestamptz;
