-- Every index that was built over the embeddings, with its measured quality.
create or replace view {bi}.index_builds with (security_barrier) as
select
  generation,
  as_of,
  state,
  metric,
  encoder_version,
  dimensions,
  rows,
  method,
  lists,
  probes,
  k,
  recall_at_k,
  recall_sample,
  query_milliseconds,
  build_seconds,
  index_bytes,
  built_at,
  target_recall,
  reason,
  expected_recall,
  expected_scanned_rows,
  forecast_memory_mb,
  forecast_build_seconds,
  recall_low,
  recall_high,
  p50_milliseconds,
  p95_milliseconds,
  probe_sweep,
  is_index_used,
  precision,
  m,
  ef_construction,
  ef_search
from {space}.index_builds;

comment on view {bi}.index_builds is 'One row per generation of the embeddings, with its index.';
comment on column {bi}.index_builds.generation is 'Number of the table of embeddings.';
comment on column {bi}.index_builds.as_of is 'The snapshot it was built for.';
comment on column {bi}.index_builds.state is 'building, ready, serving or retired.';
comment on column {bi}.index_builds.metric is 'l2, cosine or ip.';
comment on column {bi}.index_builds.encoder_version is 'The encoder of its vectors.';
comment on column {bi}.index_builds.dimensions is 'Width of a vector.';
comment on column {bi}.index_builds.rows is 'Customers in the generation.';
comment on column {bi}.index_builds.method is 'ivfflat, hnsw, or exact scan: as the spec says, or because the table is small.';
comment on column {bi}.index_builds.lists is 'Lists of the IVFFlat index.';
comment on column {bi}.index_builds.probes is 'Lists a query reads: the fewest that reach the target recall.';
comment on column {bi}.index_builds.k is 'Neighbours asked for in the measurement.';
comment on column {bi}.index_builds.recall_at_k is 'Share of the true k nearest found, measured on the real index.';
comment on column {bi}.index_builds.recall_sample is 'Customers in that measurement.';
comment on column {bi}.index_builds.query_milliseconds is 'Mean latency of a query in that measurement.';
comment on column {bi}.index_builds.build_seconds is 'Seconds the index took to build.';
comment on column {bi}.index_builds.index_bytes is 'Size of the index.';
comment on column {bi}.index_builds.built_at is 'When it was built.';
comment on column {bi}.index_builds.target_recall is 'The recall that was asked for.';
comment on column {bi}.index_builds.reason is 'Why these lists or links, or why no index.';
comment on column {bi}.index_builds.expected_recall is 'The recall that was forecast before the build.';
comment on column {bi}.index_builds.expected_scanned_rows is 'Rows a query was forecast to read.';
comment on column {bi}.index_builds.forecast_memory_mb is 'Memory the build was forecast to need, in MB.';
comment on column {bi}.index_builds.forecast_build_seconds is 'Seconds the build was forecast to take.';
comment on column {bi}.index_builds.recall_low is 'Lower end of the 95 % interval of recall_at_k.';
comment on column {bi}.index_builds.recall_high is 'Upper end of the 95 % interval of recall_at_k.';
comment on column {bi}.index_builds.p50_milliseconds is 'Median latency of a query in that measurement.';
comment on column {bi}.index_builds.p95_milliseconds is '95th percentile of the latency of a query.';
comment on column {bi}.index_builds.probe_sweep is 'Recall, customers it is of, and latency at every number of probes, or ef_search, that was tried.';
comment on column {bi}.index_builds.is_index_used is 'True if the planner answers by the index at these probes.';
comment on column {bi}.index_builds.precision is 'What the index keeps of a vector: single (4 bytes per value) or half (2 bytes).';
comment on column {bi}.index_builds.m is 'Links per vector in an HNSW index.';
comment on column {bi}.index_builds.ef_construction is 'Candidate list size while an HNSW index was built.';
comment on column {bi}.index_builds.ef_search is 'Candidate list size of a query of an HNSW index: the smallest that reaches the target recall.';
