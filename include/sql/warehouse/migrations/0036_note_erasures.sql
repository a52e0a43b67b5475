-- What an erasure leaves: how many customers were taken out of a published snapshot since, builds that
-- began before it and must begin anew, and clusters whose typical customer is gone.
alter table snapshots add column erased_customers bigint not null default 0;
alter table snapshot_builds add column erased_at timestamptz;
alter table cluster_profiles alter column medoid_id drop not null;
