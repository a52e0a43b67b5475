-- A partition of events, to be attached.
create table {partition} (like {parent});
