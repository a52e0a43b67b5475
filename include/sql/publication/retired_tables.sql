-- Tables of generations that neither serve nor belong to an unfinished build.
-- A generation of another encoder is kept while its snapshot is one of the newest nights or later, to allow a
-- rollback.
-- A transaction with a snapshot older than the swap still reads the old generation: xmin is the
-- transaction that retired it.
select generation, table_name
from index_builds
where table_name is not null
  and (
    (
      state = 'retired'
      and not (
        encoder_version <> (select published.encoder_version from current_snapshot as published)
        and (holds_as_of, holds_published_at) in (
          select as_of, published_at from snapshots where status = 'published' and as_of >= %(since)s::timestamptz
        )
      )
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
