-- What became of the rows of a file: how many landed, and how many were rejected for which reason.
select 'landed' as what, count(*) as rows, null as reason from {space}.customer_versions where not is_deleted
union all
(
  select 'rejected', count(*), reason
  from {bi}.rejected_rows
  group by reason
  order by count(*) desc, reason
)
