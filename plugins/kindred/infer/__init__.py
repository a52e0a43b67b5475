"""Infer a feature spec from a table that nobody has described: values in, decisions out."""
