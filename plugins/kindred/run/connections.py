"""Airflow Connections of source and warehouse, as libpq connection strings."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from psycopg2.extensions import make_dsn

from kindred.errors import PreflightError

WAREHOUSE = "kindred_warehouse"
ALERTS = "kindred_alerts"
WEB_SCHEMES = ("http", "https")
SCHEMES = ("postgres", "postgresql")
LIBPQ_EXTRAS = ("host", "sslmode", "sslrootcert", "sslcert", "sslkey", "options", "service")

Connections = Callable[[str], str]
"""The libpq connection string of an Airflow Connection, by its id."""


def conninfo_of(fields: Mapping[str, Any], extra: Mapping[str, Any]) -> str:
    """A libpq connection string from the fields of an Airflow Connection.

    ``fields`` has host, port, login, password and schema; of ``extra`` only libpq options are used.
    """
    parts = {
        "host": fields.get("host"),
        "port": fields.get("port"),
        "user": fields.get("login"),
        "password": fields.get("password"),
        "dbname": fields.get("schema"),
    }
    parts |= {key: extra[key] for key in LIBPQ_EXTRAS if extra.get(key)}
    dsn: str = make_dsn(**{key: value for key, value in parts.items() if value not in (None, "")})
    return dsn


def from_environment(connection_id: str) -> str | None:
    """The connection string of ``AIRFLOW_CONN_<ID>`` (URI or JSON); None where it is not set.

    Raises
    ------
    PreflightError
        when the variable is set but cannot be parsed; the message does not repeat its value.
    """
    variable = f"AIRFLOW_CONN_{connection_id.upper()}"
    text = os.environ.get(variable)
    if not text:
        return None
    try:
        if text.lstrip().startswith("{"):
            content = json.loads(text)
            _check_scheme(content.get("conn_type") or "postgres")
            extra = content.get("extra") or {}
            return conninfo_of(content, json.loads(extra) if isinstance(extra, str) else extra)
        return _from_uri(text)
    except (ValueError, AttributeError, TypeError) as error:
        raise PreflightError(
            f"{variable} is neither a URI such as postgresql://user:password@host:5432/database"
            f" nor a JSON connection ({type(error).__name__})"
        ) from None


def _from_uri(text: str) -> str:
    uri = urlsplit(text)
    _check_scheme(uri.scheme)
    fields = {
        "host": unquote(uri.hostname) if uri.hostname else None,
        "port": uri.port,
        "login": unquote(uri.username) if uri.username else None,
        "password": unquote(uri.password) if uri.password else None,
        "schema": unquote(uri.path.lstrip("/")),
    }
    return conninfo_of(fields, dict(parse_qsl(uri.query, strict_parsing=bool(uri.query))))


def _check_scheme(scheme: str) -> None:
    if scheme not in SCHEMES:
        raise ValueError


def webhook_from_environment() -> str | None:
    """The URL in ``AIRFLOW_CONN_KINDRED_ALERTS``, unchanged; None if it is not an HTTP URL."""
    text = os.environ.get(f"AIRFLOW_CONN_{ALERTS.upper()}", "").strip()
    return text if text.startswith(tuple(f"{scheme}://" for scheme in WEB_SCHEMES)) else None


def webhook_of(fields: Mapping[str, Any]) -> str | None:
    """The URL of a webhook from the fields of an Airflow Connection; None without a host.

    ``host`` is the URL or its beginning, with or without a scheme; ``password``, if set, is the
    secret end of its path.
    """
    host = str(fields.get("host") or "").rstrip("/")
    if not host:
        return None
    if "://" not in host:
        # Airflow's form has the scheme of an HTTP connection in its field "schema".
        named = (fields.get("schema"), fields.get("conn_type"))
        scheme = next((name for name in named if name in WEB_SCHEMES), "https")
        port = f":{fields['port']}" if fields.get("port") else ""
        host = f"{scheme}://{host}{port}"
    secret = str(fields.get("password") or "").strip("/")
    return f"{host}/{secret}" if secret else host
