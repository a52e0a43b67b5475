"""What every task is given: settings, connections, the record of its build, memory limits."""
