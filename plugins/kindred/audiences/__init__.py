"""Audiences: customers who are like a given group, ranked by a model whose quality is measured."""
