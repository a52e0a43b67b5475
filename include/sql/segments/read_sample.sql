-- The sampled customers of a snapshot, with their labels and vectors.
select numbers, customer_id from disclosure_samples where as_of = %(as_of)s
