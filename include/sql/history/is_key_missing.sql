-- Whether counts of the source prove that a customer is missing: the source has more keys, or a newer row,
-- than have landed, are about to land, were rejected or were erased. Equal counts prove nothing.
select
  %(dated_keys)s > (select count(*) from (select distinct customer_id from customer_versions) as known)
    + (
      select count(distinct customer_id) from {landing} as landed
      where not exists (select from customer_versions as version where version.customer_id = landed.customer_id)
    )
    + (select count(distinct customer_id) from rejected_rows)
    + (select count(*) from suppressed)
  or coalesce(
    %(newest)s::timestamptz > greatest(
      (
        select max(updated_at) from customer_versions as version
        where not exists (
          select from reconciled_versions as found
          where found.customer_id = version.customer_id and found.updated_at = version.updated_at
        )
      ),
      (select max(source_updated_at) from reconciled_versions),
      (select max(updated_at) from {landing} where isfinite(updated_at)),
      (select max(updated_at) from rejected_rows)
    ),
    false
  );
