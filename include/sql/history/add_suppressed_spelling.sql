-- Record that a customer must never land again in any spelling, where case does not matter.
insert into suppressed_spellings (key_hash, secret_fingerprint)
values (%(key_hash)s, %(secret_fingerprint)s)
on conflict (key_hash) do nothing;
