"""Connections from the environment, otherwise from Airflow's own store."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from kindred.errors import PreflightError
from kindred.run.connections import (
    ALERTS,
    conninfo_of,
    extra_of,
    from_environment,
    variable_of,
    webhook_from_environment,
    webhook_of,
)
from kindred.run.context import Deployment
from kindred.run.endpoint import Endpoint, endpoint_of
from kindred.run.store_login import Found, log_in
from kindred.settings import Settings


def deployment() -> Deployment:
    """Connections from Airflow, settings from the environment."""
    settings = Settings.from_env()
    log_in(settings.artifacts, store_login_from_airflow)
    return Deployment(_conninfo, settings)


def _conninfo(connection_id: str) -> str:
    return from_environment(connection_id) or conninfo_from_airflow(connection_id)


def conninfo_from_airflow(connection_id: str) -> str:
    """The connection string of a connection in Airflow's own store.

    Raises
    ------
    PreflightError
        when Airflow has no such connection, or `conninfo_of` refuses what it says.
    """
    fields, extra = _from_airflow(connection_id)
    return conninfo_of(fields, extra, _where(connection_id))


def endpoint_from_airflow(connection_id: str) -> Endpoint:
    """The HTTP endpoint of a connection in Airflow's own store.

    Raises
    ------
    PreflightError
        when Airflow has no such connection, or `endpoint_of` refuses what it says.
    """
    return endpoint_of(connection_id, *_from_airflow(connection_id))


def store_login_from_airflow(connection_id: str) -> Found | None:
    """Fields and extra of the connection of an object store; None if Airflow has none."""
    try:
        connection = Connection.get(connection_id)
    except AirflowNotFoundException:
        return None
    return _read(connection_id, connection)


def _from_airflow(connection_id: str) -> tuple[dict[str, Any], Mapping[str, Any]]:
    try:
        connection = Connection.get(connection_id)
    except AirflowNotFoundException as error:
        raise PreflightError(
            f"Airflow has no connection {connection_id!r}; add it in the UI, or set"
            f" {variable_of(connection_id)}"
        ) from error
    return _read(connection_id, connection)


def _read(connection_id: str, connection: Connection) -> tuple[dict[str, Any], Mapping[str, Any]]:
    try:
        extra = extra_of(connection.extra)  # `extra_dejson` drops what it cannot read
    except (ValueError, TypeError):
        where = _where(connection_id)
        raise PreflightError(f"{where}: 'extra' is not a JSON object; correct it") from None
    return _fields(connection), extra


def _where(connection_id: str) -> str:
    return f"Airflow Connection {connection_id!r}"


def _fields(connection: Connection) -> dict[str, Any]:
    names = ("conn_type", "host", "port", "login", "password", "schema")
    return {name: getattr(connection, name) for name in names}


def webhook() -> str | None:
    """The URL that receives alerts; None if no connection is configured."""
    found = webhook_from_environment()
    if found is not None:
        return found
    try:
        return webhook_of(_fields(Connection.get(ALERTS)))
    except AirflowNotFoundException:
        return None
