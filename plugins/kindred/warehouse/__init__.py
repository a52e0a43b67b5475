"""Database access for all subjects: sessions, statements, COPY, locks, keys, partitions."""
