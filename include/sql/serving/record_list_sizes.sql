-- Note how the customers of a generation fell into lists.
update index_builds
set list_centres = %(centres)s::vector[], list_sizes = %(sizes)s::bigint[]
where generation = %(generation)s;
