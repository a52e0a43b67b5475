-- A name without its terms about private columns: a column can become private after the name was given. A term is
-- kept if it is about a public column of the snapshot (such as "high income" or "state CA") and about no private
-- one: the end of a private value that holds the separator is about neither.
select case when {private} = '{{}}' then profiles.name else coalesce(
  (
    select string_agg(term, ' · ' order by position)
    from unnest(string_to_array(profiles.name, ' · ')) with ordinality as terms (term, position)
    cross join lateral regexp_replace(term, ' #\d+$', '') as bare
    where bare = 'like all customers'
      or (
        select bool_and(known.column_name <> all ({private}))
        from (
          select json_object_keys(described.settings -> 'features') as column_name
          from {space}.snapshots as described
          where described.as_of = profiles.as_of
          union
          select unnest({private})
        ) as known
        where starts_with(bare, known.column_name || ' ')
          or bare in (
            'high ' || known.column_name, 'low ' || known.column_name, 'no ' || known.column_name,
            'known ' || known.column_name, 'late ' || known.column_name, 'early ' || known.column_name
          )
      )
  ),
  'segment ' || profiles.cluster_id
) end
