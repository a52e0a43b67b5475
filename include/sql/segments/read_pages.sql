-- Pages of an index for a range of blocks, with their numbers.
select block, {space}.read_index_page(%(index)s, block)
from generate_series(%(first)s::bigint, %(last)s::bigint) as block;
