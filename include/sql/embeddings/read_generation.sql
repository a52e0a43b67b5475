-- All embeddings of a generation in customer order.
select {columns} from {table} order by customer_id;
