"""Infer a feature spec from the values of a table or file that has none."""
