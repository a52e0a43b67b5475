-- By which secrets the hashes of a space were made, and how many by each.
select secret_fingerprint, count(*) from {suppressed} group by 1 order by 1;
