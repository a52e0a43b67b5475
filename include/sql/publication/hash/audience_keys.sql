-- audience_keys in a fixed order, for its hash.
select audience, key from audience_keys order by audience
