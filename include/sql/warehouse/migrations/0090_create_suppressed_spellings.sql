-- Hashes of erased customers' keys in lower case, for sources in which case does not matter.
create table suppressed_spellings (
  key_hash bytea primary key check (length(key_hash) = 32),
  secret_fingerprint text not null
);
comment on table suppressed_spellings is 'beside suppressed: the keys in lower case, whatever type the source''s key has today';
