-- Keep who moved where between two snapshots, if all customers of both have been counted, and both have a profile of each
-- segment, which knows its id. Without a moment, the later one is published by this transaction.
delete from cluster_moves where to_as_of = %(to_as_of)s and algorithm = %(algorithm)s;
insert into cluster_moves
  (to_as_of, algorithm, from_as_of, to_published_at, from_published_at, from_label, to_label, customers)
select
  %(to_as_of)s, %(algorithm)s, %(from_as_of)s, coalesce(%(to_published_at)s::timestamptz, now()), %(from_published_at)s,
  moved.from_label, moved.to_label, moved.customers
from unnest(%(from_labels)s::integer[], %(to_labels)s::integer[], %(customers)s::bigint[])
  as moved (from_label, to_label, customers)
where %(from_customers)s = (select customers from snapshots where as_of = %(from_as_of)s)
  and %(to_customers)s = (select customers from snapshots where as_of = %(to_as_of)s)
  and not exists (
    select
    from (
      select %(from_as_of)s::timestamptz, unnest(%(from_labels)s::integer[])
      union
      select %(to_as_of)s::timestamptz, unnest(%(to_labels)s::integer[])
    ) as ends (as_of, label)
    where ends.label >= 0
      and not exists (
        select from cluster_profiles as profiles
        where profiles.as_of = ends.as_of and profiles.algorithm = %(algorithm)s and profiles.label = ends.label
      )
  );
