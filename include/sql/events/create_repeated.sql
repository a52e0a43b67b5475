-- The rows that have just arrived more than once under one identity, numbered.
create temporary table repeated on commit drop as
select ctid as row_id, identity, row_number() over (partition by identity order by ctid) as number
from {landing}
where identity in (select identity from {landing} group by identity having count(*) > 1);
