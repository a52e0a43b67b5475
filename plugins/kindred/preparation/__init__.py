"""The start of a run: preflight checks, migration of the schemas, begin of the build."""
