"""Segments: clustering algorithms and the matching of their clusters from night to night."""
