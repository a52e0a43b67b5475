-- From now on blanks at the ends of the source's keys mean nothing.
insert into padded_keys (is_padded) values (true) on conflict do nothing;
