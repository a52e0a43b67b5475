-- Publish the items of a snapshot's recommendations, under the numbers by which its lists name them.
insert into recommended_items (as_of, item_number, item, name, share)
select as_of, item_number, item, name, share from {table};
drop table {table};
