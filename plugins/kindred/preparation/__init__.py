"""The start of a run: check everything first, migrate the schemas, begin the build."""
