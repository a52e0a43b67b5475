-- Lock a resource until the transaction ends. The statement takes no snapshot.
lock table {lock} in {mode} mode;
