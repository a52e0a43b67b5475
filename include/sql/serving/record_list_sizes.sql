-- Record the list sizes of a generation's customers.
update index_builds
set list_centres = %(centres)s::vector[], list_sizes = %(sizes)s::bigint[]
where generation = %(generation)s;
