-- Undo a try that met a lock.
rollback to savepoint short_try;
