-- Where an id arrives by COPY: in a statement, logs of the server could show it.
create temporary table incoming_request (customer_id customer_key not null) on commit drop;
