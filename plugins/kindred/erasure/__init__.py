"""Erase a person from every table, snapshot and artefact of a space."""
