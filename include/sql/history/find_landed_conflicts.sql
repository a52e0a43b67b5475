-- Collect every landed row whose key and time have landed before with other values.
insert into problems (row_id, reason)
select landed.ctid, 'an earlier extraction brought different values for the same ' || %(key)s || ' and ' || %(updated_at)s
from {landing} as landed
join customer_versions as version using (customer_id, updated_at)
where ({landed_values}) is distinct from ({version_values});
