"""Fault injection in the middle of every task: ``make faults``."""
