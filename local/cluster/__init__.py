"""Airflow with Celery workers in network namespaces of their own: several machines on one.

Each worker has an address, a file system that is read-only but for a folder of its own, and its own
processes. The database, the broker, the object store and the rest of Airflow are reached over the
network only.
"""
