"""From customer rows to vectors: one column of the spec is one block of the vector."""
