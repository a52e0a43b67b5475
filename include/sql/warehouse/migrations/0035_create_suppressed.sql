-- Customers who are not landed again: a keyed hash of each key, which tells nothing without the secret.
create table suppressed (
  key_hash bytea primary key check (length(key_hash) = 32),
  secret_fingerprint text not null
);
comment on column suppressed.key_hash is 'HMAC-SHA-256 of the key as text, by KINDRED_ERASURE_KEY';
comment on column suppressed.secret_fingerprint is 'tells whether it was made by the secret that is set now';
