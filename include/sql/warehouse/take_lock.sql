-- Lock a resource until the transaction ends, at once or not at all if so told. The statement takes no snapshot.
lock table {lock} in {mode} mode {patience};
