-- The mean of all customers' embeddings of a snapshot: where lookalike_audience measures directions
-- from. Null for snapshots that were published before there was this column.
alter table snapshots add column center vector;
comment on column snapshots.center is 'mean of all embeddings of the snapshot, in its encoder''s dimensions';
