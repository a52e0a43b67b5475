"""The memory of a task that holds no customers yet: the first term of every forecast."""

BASE_MEGABYTES = 500
"""A task with all its libraries (270 MB without those imported late) and its threads' working
memory."""
