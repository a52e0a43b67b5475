-- The hashes of erased customers' keys in lower case.
select key_hash from suppressed_spellings;
