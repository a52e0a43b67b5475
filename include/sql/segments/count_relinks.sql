-- How many times ids have been linked anew.
select coalesce(max(number), 0) from relinks;
