-- Keep the texts that events of others have in a column.
delete from erased_codes
where event = %(event)s and column_name = %(column)s and code in (
    select {column}
    from {events}
    where {column} is not null
      and customer_id <> (select requests.customer_id from erasure_requests as requests where number = %(request)s)
  );
