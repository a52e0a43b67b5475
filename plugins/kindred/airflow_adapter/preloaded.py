"""The libraries of the tasks: who forks tasks imports them once, so that no task has to.

LocalExecutor forks them from the scheduler, Celery from its worker, which is told to import this
module (docker-compose.yaml). Only import: OpenMP code must not run in the parent of a fork.
"""

import faiss  # noqa: F401
import hdbscan  # noqa: F401
import numpy  # noqa: F401
import pandas  # noqa: F401
import pgvector.psycopg2  # noqa: F401
import pydantic_settings  # noqa: F401
import scipy.optimize  # noqa: F401
import sklearn.cluster  # noqa: F401
