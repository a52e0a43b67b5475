"""The memory of a task before it holds any customers, the first term of every forecast."""

BASE_MEGABYTES = 460
"""A task with all its libraries (270 MB without those that are imported late), and what threads
work in."""
