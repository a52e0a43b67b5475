"""The only package that imports Airflow: contexts, connections, exceptions."""
