-- What each view and function of bi is now: the digest of the text it was made from, and that of what the
-- catalogue made of it. The ledger of migrations held every text ever applied instead.
create table bi_objects (
  name text primary key,
  text_hash text not null,
  definition_hash text not null
);

comment on column bi_objects.name is 'The file of its text, and _current for the view of the current snapshot.';
comment on column bi_objects.text_hash is 'Digest of the statements that made it.';
comment on column bi_objects.definition_hash is 'Digest of its definition in the catalogue, right after it was made.';

delete from applied_migrations where name like '%@%';
