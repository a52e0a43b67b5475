-- How the server would read a table or query: the plan names the relations, with their schemas.
explain (verbose, format json) select * from {relation} as read;
