"""Plans an approximate index over the embeddings before it is built: memory, recall, cost."""
