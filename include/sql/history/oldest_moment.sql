-- The oldest time of a row of the source; null if there is none.
select min({moment}) from {relation} as source_rows where ({condition}) and {moment} > '-infinity';
