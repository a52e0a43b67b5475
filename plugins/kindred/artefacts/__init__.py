"""Artefacts: the arrays that tasks of a run hand to one another, on disk or an object store."""
