-- An algorithm's labels of all customers, in customer order.
select label, cluster_id, membership from {table} where algorithm = %(algorithm)s order by customer_id
