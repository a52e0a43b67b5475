-- Distinct keys that were read, and those of them that are known customers' with blanks at their ends. All are
-- counted only if some end in a blank.
with padded as materialized (
  select distinct customer_id::text collate "C" as customer_id from {landing} where customer_id::text like '%% '
)
select
  case when exists (select from padded) then (select count(distinct customer_id) from {landing}) else 0 end,
  (
    select count(*)
    from padded
    where exists (select from customer_versions as version where version.customer_id = rtrim(padded.customer_id, ' '))
      and not exists (select from customer_versions as version where version.customer_id = padded.customer_id)
  );
