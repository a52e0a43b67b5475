-- Record that a customer must never land again.
insert into suppressed (key_hash, secret_fingerprint)
values (%(key_hash)s, %(secret_fingerprint)s)
on conflict (key_hash) do nothing;
