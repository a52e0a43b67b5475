-- The index of a generation.
create index {index} on {table} using {method} ({indexed} {operator_class}) with ({options});
