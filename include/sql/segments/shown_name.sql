-- A name without its terms about private columns: a column can become private after the name was given.
select coalesce(
  (
    select string_agg(term, ' · ' order by position)
    from unnest(string_to_array(profiles.name, ' · ')) with ordinality as terms (term, position)
    where not exists (
      select from unnest({private}::text[]) as hidden (column_name)
      where strpos(term, left(column_name, 40)) > 0  -- long terms are shortened
    )
  ),
  'segment ' || profiles.cluster_id
)
