# The slim image has Airflow without providers. So requirements-deploy.txt pins every package that
# matters, and no pin conflicts with a provider that is not used here.
FROM apache/airflow:slim-3.3.2-python3.11

# For Kubernetes: --build-arg REQUIREMENTS=requirements-kubernetes.txt (docs/deployment.md).
ARG REQUIREMENTS=requirements-deploy.txt
COPY --chown=airflow:0 requirements-deploy.txt requirements-kubernetes.txt /opt/airflow/
RUN pip install --no-cache-dir --only-binary=:all: \
    --requirement "/opt/airflow/$REQUIREMENTS"

# Fail the build on pins that resolve but do not work together (Celery 5.7 breaks its provider).
RUN AIRFLOW_HOME=/tmp/check python -c "import airflow.providers.celery.executors.celery_executor, \
    airflow.providers.fab.auth_manager.fab_auth_manager, faiss, hdbscan, numba, vl_convert" \
    && rm -r /tmp/check

# The folders exist in the image, so that a new volume mounted there belongs to the airflow user.
RUN mkdir --mode=0775 /opt/airflow/artifacts /opt/airflow/machine_code

# PYTHONPATH is for `python -m kindred.cli`; Airflow itself finds plugins/.
# NUMBA_CACHE_DIR caches compiled code, for whichever user of group 0 the container runs as.
ENV PYTHONPATH=/opt/airflow/plugins \
    NUMBA_CACHE_DIR=/opt/airflow/machine_code \
    AIRFLOW__CORE__LOAD_EXAMPLES=False

COPY --chown=airflow:0 dags /opt/airflow/dags
COPY --chown=airflow:0 plugins /opt/airflow/plugins
COPY --chown=airflow:0 include /opt/airflow/include
COPY --chown=airflow:0 deploy/superset /opt/airflow/deploy/superset
