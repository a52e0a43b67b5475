"""Stable cluster ids: labels matched to earlier snapshots, lineage, and relinking."""
