-- Record an allocated id; it is never reused.
insert into cluster_ids (algorithm, cluster_id, born_as_of, birth_order)
values (%(algorithm)s, %(cluster_id)s, %(as_of)s, %(birth_order)s);
