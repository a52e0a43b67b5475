-- Spell the ids of a file as customers do: of what an id can mean, the first that somebody is called by. Who is nobody in
-- any spelling goes. Returns how many ids were spelt anew, and the different ones that went.
with spelt as materialized (
  select texts.ctid as at, one.id, one.place
  from {texts} as texts
  cross join lateral jsonb_array_elements_text(texts.spellings::jsonb) with ordinality as one (id, place)
  where texts.spellings is not null
),
known as materialized (
  select distinct on (spelt.at) spelt.at, spelt.id
  from spelt
  where exists (select from customer_versions as version where {is_known})
  order by spelt.at, spelt.place
),
respelt as (
  update {texts} as texts set id = known.id from known where known.at = texts.ctid and known.id <> texts.id returning texts.id
),
gone as (
  delete from {texts} as texts
  where texts.spellings is not null and not exists (select from known where known.at = texts.ctid)
  returning texts.id
)
select (select count(*) from respelt), (select count(distinct id) from gone);
