-- Customers by bin of each column of a published snapshot.
select column_name, counts from column_quality where as_of = %(as_of)s;
