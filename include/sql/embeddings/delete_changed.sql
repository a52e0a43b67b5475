-- Take out customers who are gone from the serving generation.
delete from {table} as serving
using {delta} as change
where change.customer_id = serving.customer_id and change.embedding is null;
