-- Receives an id by COPY: as part of a statement, the server's log could show it.
create temporary table incoming_request (customer_id customer_key not null) on commit drop;
