-- Segments that are IVFFlat lists: the list of a customer, its distance to the list's centre, and the
-- generation whose index has the list; without a generation the lists were found outside. Null for
-- customers in no list, and for other algorithms.
alter table customer_clusters
  add column list_number integer,
  add column center_distance real,
  add column generation integer;
