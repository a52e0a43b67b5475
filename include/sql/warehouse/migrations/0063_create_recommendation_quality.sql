-- How good recommendations are, by method: measured once per encoder version and settings, on a split in time.
create table recommendation_quality (
  encoder_version integer not null references encoder_versions,
  settings_hash text not null,
  method text not null,
  is_published boolean not null,
  item_names text[] not null,
  test_start timestamptz,
  test_end timestamptz not null,
  k integer not null,
  customers bigint,
  recall double precision,
  recall_low double precision,
  recall_high double precision,
  ndcg double precision,
  ndcg_low double precision,
  ndcg_high double precision,
  hit_rate double precision,
  hit_rate_low double precision,
  hit_rate_high double precision,
  coverage double precision,
  neighbours integer,
  sharpness integer,
  lift_share double precision,
  reason text,
  primary key (encoder_version, settings_hash, method)
);

comment on column recommendation_quality.settings_hash is 'Digest of the settings of the recommendations that were measured; private where the items are.';
comment on column recommendation_quality.is_published is 'Whether customers get the lists of this method.';
comment on column recommendation_quality.reason is 'Why nothing was measured; null if it was.';
