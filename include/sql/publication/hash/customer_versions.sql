-- customer_versions in a fixed order, for its hash.
select * from customer_versions order by customer_id, updated_at
