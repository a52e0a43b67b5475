"""Airflow Connections of source and warehouse, as libpq connection strings."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from kindred.errors import PreflightError
from kindred.spec.names import did_you_mean

WAREHOUSE = "kindred_warehouse"
ALERTS = "kindred_alerts"
AWS_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
WEB_SCHEMES = ("http", "https")
SCHEMES = ("postgres", "postgresql")
# Field of an Airflow Connection -> option of libpq.
FIELDS = {
    "host": "host",
    "port": "port",
    "login": "user",
    "password": "password",
    "schema": "dbname",
}
OTHER_FIELDS = ("conn_type", "description", "extra")
NESTED = "__extra__"  # where Airflow's URIs have what is not plain text
# To suggest names from: which options there are, libpq itself decides.
OPTIONS = (
    "application_name channel_binding client_encoding connect_timeout dbname"
    " fallback_application_name gssdelegation gssencmode gsslib host hostaddr keepalives"
    " keepalives_count keepalives_idle keepalives_interval krbsrvname load_balance_hosts"
    " max_protocol_version min_protocol_version options passfile password port replication"
    " require_auth requirepeer scram_client_key scram_server_key service servicefile sslcert"
    " sslcertmode sslcompression sslcrl sslcrldir sslkey sslkeylogfile sslmode sslnegotiation"
    " sslpassword sslrootcert sslsni ssl_max_protocol_version ssl_min_protocol_version"
    " target_session_attrs tcp_user_timeout user"
)

Connections = Callable[[str], str]
"""The libpq connection string of an Airflow Connection, by its id."""


def conninfo_of(
    fields: Mapping[str, Any], extra: Mapping[str, Any], where: str = "connection"
) -> str:
    """A libpq connection string from the fields of an Airflow Connection and its ``extra``.

    ``fields`` has host, port, login, password and schema; ``extra`` has options of libpq by name.
    Host and port may list several, with commas.

    Raises
    ------
    PreflightError
        naming each option that libpq does not know or that is given twice, and a wrong port; the
        message repeats no value.
    """
    given = {option: fields.get(field) for field, option in FIELDS.items()}
    parts = {name: _text(value) for name, value in given.items() if value not in (None, "")}
    problems = []
    for name, value in extra.items():
        if isinstance(value, (Mapping, list)) or not _is_option(name):
            problems.append(_about(name, value))
        elif value in (None, ""):
            continue
        elif parts.setdefault(name, _text(value)) != _text(value):
            problems.append(f"option {name!r} is given twice, with two values")
    if not _are_ports(parts.get("port", "")):
        problems.append("the port must be a number from 1 to 65535, or one per host with commas")
    if problems:
        raise PreflightError("\n".join(f"{where}: {problem}" for problem in problems))
    dsn: str = make_dsn(**parts)
    return dsn


def _are_ports(text: str) -> bool:
    return all(
        not port or (port.isdecimal() and 0 < int(port) < 65_536) for port in text.split(",")
    )


def _text(value: Any) -> str:
    return str(int(value) if isinstance(value, bool) else value)


def _is_option(name: str) -> bool:
    try:
        make_dsn(**{name: "1"})
    except (psycopg2.ProgrammingError, TypeError):
        return False
    return True


def _about(name: str, value: Any) -> str:
    if _is_option(name):
        return f"option {name!r} must be a text or number, not a {type(value).__name__}"
    hint = did_you_mean(name, OPTIONS.split()) or ": take it out of 'extra'"
    return f"libpq knows no option {name!r}, so it would have no effect{hint}"


def variable_of(connection_id: str) -> str:
    """The variable in which a connection can be set."""
    return f"AIRFLOW_CONN_{connection_id.upper()}"


def in_environment(connection_id: str) -> str:
    """What the variable of a connection says; empty where it is not set."""
    return os.environ.get(variable_of(connection_id), "").strip()


def aws_endpoints() -> dict[str, str]:
    """What says to the AWS SDK where a server is: the variables that are set."""
    found = {name: os.environ.get(name, "") for name in AWS_ENDPOINTS}
    return {name: text for name, text in found.items() if text}


def from_environment(connection_id: str) -> str | None:
    """The connection string of ``AIRFLOW_CONN_<ID>`` (URI or JSON); None where it is not set.

    Raises
    ------
    PreflightError
        when the variable is set but cannot be parsed, or ``conninfo_of`` refuses what it says; the
        message does not repeat its value.
    """
    variable, text = variable_of(connection_id), in_environment(connection_id)
    if not text:
        return None
    try:
        is_json = text.lstrip().startswith("{")
        fields, extra = _from_json(text) if is_json else _from_uri(text)
    except (ValueError, AttributeError, TypeError, psycopg2.ProgrammingError) as error:
        raise PreflightError(
            f"{variable} is neither a URI such as postgresql://user:password@host:5432/database"
            f" nor a JSON connection ({type(error).__name__})"
        ) from None
    unknown = fields.keys() - {*FIELDS, *OTHER_FIELDS}
    if unknown:
        raise PreflightError(
            f"{variable}: a connection has no field {', '.join(map(repr, sorted(unknown)))}; it has"
            f" {', '.join((*FIELDS, *OTHER_FIELDS))}; options of libpq belong into 'extra'"
        )
    return conninfo_of(fields, extra, variable)


Parsed = tuple[Mapping[str, Any], Mapping[str, Any]]


def _from_json(text: str) -> Parsed:
    content = json.loads(text)
    _check_scheme(content.get("conn_type") or "postgres")
    return content, extra_of(content.get("extra"))


def _from_uri(text: str) -> Parsed:
    """What libpq reads before the options; in these, as Airflow writes them, + is a blank."""
    address, _, query = text.strip().partition("?")
    _check_scheme(urlsplit(address).scheme)
    found = parse_dsn(address)
    if not _are_ports(found.get("port", "")):
        raise ValueError
    fields = {field: found.get(option) for field, option in FIELDS.items()}
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    return fields, extra_of(dict(pairs))


def extra_of(extra: Any) -> Mapping[str, Any]:
    """The options in ``extra``: a mapping or JSON text, maybe with options nested in it.

    Raises
    ------
    ValueError
        when it is neither.
    """
    found = json.loads(extra) if isinstance(extra, str) and extra else extra or {}
    if not isinstance(found, Mapping):
        raise TypeError
    nested = found.get(NESTED)
    plain = {name: value for name, value in found.items() if name != NESTED}
    return plain if nested is None else {**plain, **extra_of(nested)}


def _check_scheme(scheme: str) -> None:
    if scheme not in SCHEMES:
        raise ValueError


def webhook_from_environment() -> str | None:
    """The URL in ``AIRFLOW_CONN_KINDRED_ALERTS``, unchanged; None if it is not an HTTP URL."""
    text = in_environment(ALERTS)
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
