-- Give a filled table the name of the partition it becomes.
alter table {table} rename to {new_name};
