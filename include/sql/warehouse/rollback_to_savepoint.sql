-- Undo a try that met a lock. The savepoint is released, so that many tries do not nest.
rollback to savepoint short_try;
release savepoint short_try;
