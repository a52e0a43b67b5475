-- All statements of this transaction see the same rows.
set transaction isolation level repeatable read, read only;
