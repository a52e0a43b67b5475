"""Benchmarks: ``make bench NAME=<module>``; each runs both sides it compares in one run."""
