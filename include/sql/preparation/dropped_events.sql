-- The events of which older ones have been dropped, the moment from when on they are kept, and how far they have landed.
select event, kept_from, landed_until from {sources} where kept_from is not null order by event;
