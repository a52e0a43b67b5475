-- Undo a try. The savepoint is released, so that many tries do not nest.
rollback to savepoint {savepoint};
release savepoint {savepoint};
