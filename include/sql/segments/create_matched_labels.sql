-- New labels, to be matched to stable ids.
create temporary table {labels} (customer_id customer_key not null, label integer not null) on commit drop;
