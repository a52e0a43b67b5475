-- Whether the source's keys have ever been of a type that pads them with blanks.
create table padded_keys (
  is_padded boolean primary key check (is_padded)
);

comment on table padded_keys is 'One row if the keys of the source have been of type char(n): blanks at their ends mean nothing, also where the column is a text now. Empty otherwise.';
