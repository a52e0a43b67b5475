-- The IVFFlat index of a generation.
create index {index} on {table} using ivfflat (embedding {operator_class}) with (lists = {lists});
