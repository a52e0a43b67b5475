-- The hashes of all customers who are not to be landed again.
select key_hash from suppressed;
