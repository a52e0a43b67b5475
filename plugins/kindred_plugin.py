"""The plugin that Airflow loads at start; the library is the package ``kindred`` beside this file.

LocalExecutor forks its workers from the scheduler, so libraries imported here need not be imported
again by every task. Only import them: OpenMP code must not run in the parent of a fork.
"""

import sys

from airflow.plugins_manager import AirflowPlugin

if "scheduler" in sys.argv:
    import faiss  # noqa: F401
    import hdbscan  # noqa: F401
    import numpy  # noqa: F401
    import pandas  # noqa: F401
    import pgvector.psycopg2  # noqa: F401
    import psycopg2  # noqa: F401
    import pydantic_settings  # noqa: F401
    import scipy.optimize  # noqa: F401
    import sklearn.cluster  # noqa: F401


class KindredPlugin(AirflowPlugin):
    """Names the package in Airflow's list of plugins."""

    name = "kindred"
