"""Sentence embeddings: a text becomes a unit vector, whatever other texts it comes with."""
