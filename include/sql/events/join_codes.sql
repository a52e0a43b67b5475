-- The texts of a column, beside its codes.
left join event_values as {alias}
  on {alias}.event = {event} and {alias}.column_name = {column} and {alias}.code = {code}
