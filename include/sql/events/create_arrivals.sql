-- The events that have just arrived and are good, with codes instead of texts. Of equal rows with one key there is one;
-- without a key each of them is an event, told apart by its number.
create temporary {arrivals} as
select
  landed.customer_id,
  landed.at,
  case when repeated.number > 1 then md5(landed.identity || ' ' || repeated.number)::uuid else landed.identity end as identity{further_columns}
from (select ctid as row_id, customer_id, at, identity{further_values} from {landing}) as landed
left join repeated on repeated.row_id = landed.row_id
{joins}
where not exists (select from problems where problems.row_id = landed.row_id)
  and not ({is_keyed} and coalesce(repeated.number > 1, false));
