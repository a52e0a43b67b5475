"""Dashboards for Apache Superset: from short YAML files to the zip that it imports."""
