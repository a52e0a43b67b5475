"""Segments: clustering algorithms, cluster ids that are stable across snapshots, and profiles."""
