-- Note that ids have been linked anew: builds that took theirs before are not published any more.
insert into relinks (number, changes)
select coalesce(max(number), 0) + 1, %(changes)s from relinks;
