-- Give out an id, for ever.
insert into cluster_ids (algorithm, cluster_id, born_as_of, birth_order)
values (%(algorithm)s, %(cluster_id)s, %(as_of)s, %(birth_order)s);
