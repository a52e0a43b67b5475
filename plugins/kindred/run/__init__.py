"""The context of every task: settings, connections, the record of its build, memory limits."""
