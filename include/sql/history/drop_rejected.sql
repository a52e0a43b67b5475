-- Delete rows that are to be rejected and were before: they are accounted for.
delete from {landing} as landed
using problems
where problems.row_id = landed.ctid
  and exists (select from rejected_rows as rejected where rejected.row_hash = {row_hash} and rejected.left_at is null);
