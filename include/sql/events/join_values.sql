-- The codes of a column, beside its texts.
left join event_values as {alias}
  on {alias}.event = {event} and {alias}.column_name = {column} and {alias}.value = landed.{name}
