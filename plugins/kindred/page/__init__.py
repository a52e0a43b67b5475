"""The page in Airflow: figures of a snapshot, and a look-up of single customers and audiences."""
