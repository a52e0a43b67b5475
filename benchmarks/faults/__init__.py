"""What happens to every task when something goes wrong in its middle: ``make faults``."""
