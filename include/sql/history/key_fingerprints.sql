-- The fingerprints of the secrets that made the hashes of a space, and the number of hashes of each.
select secret_fingerprint, count(*) from {suppressed} group by 1 order by 1;
