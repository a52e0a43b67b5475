-- Remove a schema that holds nothing but the lock it was made for.
drop view {lock};
drop schema {schema};
