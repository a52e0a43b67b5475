"""Cluster ids that last: labels matched to earlier nights, lineage, and relinking."""
