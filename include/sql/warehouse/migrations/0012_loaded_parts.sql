-- Which parts of a table that is being filled aside have been loaded, and from what content.
create table loaded_parts (
  table_name text not null,
  part text not null,
  digest text not null,
  rows bigint not null,
  primary key (table_name, part)
);
