"""Profiles, names, medoids and quality of clusters."""
