-- The catalogue as of a moment.
select distinct on (item) item, name, is_available
from catalogue_versions
where landed_at <= %(as_of)s
order by item, landed_at desc;
