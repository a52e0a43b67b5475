-- The rows a generation was made with, and the probes and k its index is asked with.
select rows, probes, k from index_builds where generation = %(generation)s;
