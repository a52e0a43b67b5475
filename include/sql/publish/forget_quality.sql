-- Forget what an earlier publish said of the columns of this snapshot.
delete from column_quality where as_of = %(as_of)s;
