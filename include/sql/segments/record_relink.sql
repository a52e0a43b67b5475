-- Record a relink: builds that chose their ids before can no longer be published.
insert into relinks (number, changes)
select coalesce(max(number), 0) + 1, %(changes)s from relinks;
