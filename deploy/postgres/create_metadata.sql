-- Creates Airflow's own database on the metadata server.
-- The PostgreSQL image runs this once, while the data volume is empty.
-- Input: METADATA_PASSWORD from the environment.
\getenv password METADATA_PASSWORD

create role airflow login password :'password';
create database airflow owner airflow;
revoke connect, temporary on database airflow from public;

-- From here on the superuser can only log in from inside the container.
alter role postgres password null;
