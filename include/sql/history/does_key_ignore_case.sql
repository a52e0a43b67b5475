-- Whether case did not matter in the source's keys when the newest build began.
select coalesce(
  (select facts ? %(fact)s from snapshot_builds order by started_at desc, as_of desc limit 1), false
);
