"""The ground floor of the database: sessions, statements, COPY, locks, keys, partitions."""
