"""IVFFlat lists as segments: read from the index's pages, or computed outside the database."""
