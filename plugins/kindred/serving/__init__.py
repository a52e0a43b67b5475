"""The embeddings that BI queries, and their index: planned, built, measured, checked nightly."""
