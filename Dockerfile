# The slim image holds Airflow without providers: every package that matters is pinned by
# requirements-deploy.txt, and none of ours meets the pins of a provider that nobody uses here.
FROM apache/airflow:slim-3.3.2-python3.11

COPY --chown=airflow:0 requirements-deploy.txt /opt/airflow/
RUN pip install --no-cache-dir --only-binary=:all: \
    --requirement /opt/airflow/requirements-deploy.txt

# Pins that resolve and yet do not work together (Celery 5.7 breaks its provider) fail the build.
RUN AIRFLOW_HOME=/tmp/check python -c "import airflow.providers.celery.executors.celery_executor, \
    airflow.providers.fab.auth_manager.fab_auth_manager, faiss, hdbscan, numba" \
    && rm -r /tmp/check

# The folder exists in the image, so that a new volume mounted there belongs to the airflow user.
RUN mkdir --mode=0775 /opt/airflow/artifacts /opt/airflow/machine_code

# Airflow finds plugins/ by itself; this is for `python -m kindred.cli`.
# NUMBA_CACHE_DIR keeps what numba compiles, for whichever user of group 0 the container runs as.
ENV PYTHONPATH=/opt/airflow/plugins \
    NUMBA_CACHE_DIR=/opt/airflow/machine_code \
    AIRFLOW__CORE__LOAD_EXAMPLES=False

COPY --chown=airflow:0 dags /opt/airflow/dags
COPY --chown=airflow:0 plugins /opt/airflow/plugins
COPY --chown=airflow:0 include /opt/airflow/include
