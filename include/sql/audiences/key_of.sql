-- The key that draws the control group of an audience; the first call stores the one that is given. Two calls at once
-- store the same, and an owner's key is never replaced.
with added as (
  insert into audience_keys (audience, key) values (%(audience)s, %(key)s) on conflict do nothing
)
select coalesce((select known.key from audience_keys as known where known.audience = %(audience)s), %(key)s);
