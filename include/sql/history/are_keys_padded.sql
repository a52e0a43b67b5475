-- Whether blanks at the ends of the source's keys mean nothing.
select exists (select from padded_keys);
