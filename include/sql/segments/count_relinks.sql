-- How many times ids have been relinked.
select coalesce(max(number), 0) from relinks;
