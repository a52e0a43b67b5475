-- The keys among some that have just arrived of which the history knows nothing. An erased customer is not
-- in the history, and few others are unknown.
select customer_id from {landing} as landed
where customer_id is not null
  and not exists (select from customer_versions as version where version.customer_id = landed.customer_id);
