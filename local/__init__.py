"""Kindred on one machine: an embedded PostgreSQL, a real Airflow and the demo customers."""
