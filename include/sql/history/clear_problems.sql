-- Begin to collect the rows to reject of another table.
truncate problems;
