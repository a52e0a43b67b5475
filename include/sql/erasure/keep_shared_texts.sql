-- Strike from the list the texts that another customer also has in a column.
delete from erased_texts
where exists (
  select from customer_versions
  where customer_id <> (select requests.customer_id from erasure_requests as requests where number = %(request)s)
    and {text} = erased_text
);
