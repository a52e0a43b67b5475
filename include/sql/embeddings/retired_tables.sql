-- Tables of generations that serve nobody and that no unfinished build has made.
-- A transaction whose snapshot is older than the swap still reads the generation of that time:
-- xmin is the transaction that retired it.
select generation, table_name
from index_builds
where table_name is not null
  and (
    (
      state = 'retired'
      and not exists (
        select from pg_stat_activity as reader
        where reader.datname = current_database()
          and reader.pid <> pg_backend_pid()
          and reader.usesysid is not null
          and age(reader.backend_xmin) >= age(index_builds.xmin)
      )
    )
    or (
      state in ('building', 'ready')
      and as_of not in (select as_of from snapshot_builds where state in ('building', 'failed'))
    )
  );
