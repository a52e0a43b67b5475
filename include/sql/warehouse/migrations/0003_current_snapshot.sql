-- Which snapshot the *_current views and similar_customers read: one row, changed only by publish.
create table current_snapshot (
  only_row boolean primary key default true check (only_row),
  as_of timestamptz,
  generation integer,
  encoder_version integer
);

insert into current_snapshot default values;
