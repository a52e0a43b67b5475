"""From customer versions to vectors: one column of the spec is one block of the vector."""
