-- Delete what a table says of some events, which land anew.
delete from {table} where event = %(event)s;
