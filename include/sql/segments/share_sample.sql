-- The sample of a snapshot that shares the rows of an earlier one: the same.
insert into disclosure_samples (as_of, customer_id, numbers)
select %(as_of)s, customer_id, numbers from disclosure_samples where as_of = %(stored)s;
