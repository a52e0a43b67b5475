-- What tells the kinds of index apart: what an index keeps of a vector (single or half), and the
-- parameters of HNSW.
alter table index_builds
  add column precision text,
  add column m integer,
  add column ef_construction integer,
  add column ef_search integer;
