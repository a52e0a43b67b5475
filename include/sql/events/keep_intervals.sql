-- Delete events that have just arrived and are in none of the intervals that are landed: another run has landed them
-- in the meantime. Those that can be in no interval stay, to be rejected: no time of
-- theirs is nearer to the years 1 to 9999 than a day.
delete from {landing} as landed
where landed.at > '0001-12-31 BC' and landed.at < '10000-01-02' and not landed.at <@ %(read)s::tstzmultirange;
