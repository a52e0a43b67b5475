-- The hashes of all customers who must not land again.
select key_hash from suppressed;
