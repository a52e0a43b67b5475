"""The one package that speaks Airflow: contexts, connections, exceptions."""
