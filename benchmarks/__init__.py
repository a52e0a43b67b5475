"""Benchmarks: ``make bench NAME=<module>``; each runs all sides of its comparison in one run."""
