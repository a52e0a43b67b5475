"""The lookalike table: the k most similar customers of every customer."""
