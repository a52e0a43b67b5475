-- The generation that serves, and those that have served.
update index_builds
set state = case when generation = %(generation)s then 'serving' else 'retired' end
where generation = %(generation)s or state = 'serving';
