"""Segments: clustering algorithms, identities that last from night to night, and profiles."""
