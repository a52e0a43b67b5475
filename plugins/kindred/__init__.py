"""Embeddings, segments and lookalikes for every customer, every night."""

__version__ = "0.2.0"
