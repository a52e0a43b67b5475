-- Spell keys whose case does not matter as the history spells them, or else as one of the rows does.
update {landing} as landed
set customer_id = known.customer_id
from (
  select distinct on (folded) folded, customer_id
  from (
    select lower(customer_id collate "default") as folded, customer_id, 1 as choice from (select distinct customer_id::text from customer_versions) as versions
    union all
    select lower(customer_id collate "default"), customer_id, 2 from {rows} where customer_id is not null
  ) as spelled
  order by folded, choice, customer_id collate "C"
) as known
where lower(landed.customer_id collate "default") = known.folded
  and landed.customer_id <> known.customer_id
  and not exists (select from customer_versions as version where version.customer_id = landed.customer_id);
