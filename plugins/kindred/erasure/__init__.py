"""Erase a customer from every table, snapshot and artefact of a space."""
