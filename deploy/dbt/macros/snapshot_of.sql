{#
  The as_of of the snapshot that was published for a date (of the schedule's time zone), for a filter that reads one partition only:

      select * from {{ source('kindred', 'lookalikes') }} where as_of = {{ kindred.snapshot_of('2026-01-21') }}

  Null, and so no row, where no snapshot of the date is published.
#}
{% macro snapshot_of(as_of_date) -%}
(
  select max(as_of)
  from {{ source('kindred', 'snapshots') }}
  where as_of_date = cast('{{ modules.datetime.date.fromisoformat(as_of_date | string).isoformat() }}' as date) and status = 'published'
)
{%- endmacro %}
