-- Snapshots of encoders fitted from now on compare every customer with the neighbours of their
-- neighbours. Lists that were stored before reach the target alone, so published dates stay equal.
alter table graph_lists add column candidate_recall double precision;
comment on column graph_lists.candidate_recall is
  'recall of the lists alone, which a pass over neighbours then raises to the target; null: the lists reach the target alone';
