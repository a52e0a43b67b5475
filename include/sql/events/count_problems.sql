-- How many rows are rejected.
select count(distinct row_id) from problems;
