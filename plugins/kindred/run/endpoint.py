"""HTTP endpoints that take files, from Airflow Connections; none is ever given as an argument."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from kindred.errors import KindredError, PreflightError
from kindred.run.connections import (
    WEB_SCHEMES,
    extra_of,
    in_environment,
    variable_of,
    webhook_of,
)
from kindred.run.web import httpx

CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 120.0


@dataclass(frozen=True)
class Endpoint:
    """Where to send a file, and how to log in there; it shows none of it."""

    connection_id: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)


class EndpointError(KindredError):
    """An endpoint has not accepted a file; the message names its connection alone."""


def endpoint_from_environment(connection_id: str) -> Endpoint | None:
    """The endpoint in ``AIRFLOW_CONN_<ID>``, a URL or JSON; None where it is not set.

    Raises
    ------
    PreflightError
        when it is no HTTP connection; the message does not repeat it.
    """
    text = in_environment(connection_id)
    if not text:
        return None
    if text.startswith(tuple(f"{scheme}://" for scheme in WEB_SCHEMES)):
        return _checked(Endpoint(connection_id, text))
    try:
        fields = json.loads(text)
        extra = extra_of(fields.get("extra"))
    except (ValueError, AttributeError, TypeError):
        raise PreflightError(_not_http(connection_id)) from None
    return endpoint_of(connection_id, fields, extra)


def endpoint_of(
    connection_id: str, fields: Mapping[str, Any], extra: Mapping[str, Any]
) -> Endpoint:
    """The endpoint of an Airflow Connection of type HTTP.

    ``host`` is the URL or its beginning, as for alerts. With a ``login``, it and the ``password``
    are sent (HTTP Basic); without, the password is the secret end of the path. ``extra`` has
    headers by name, such as ``Authorization``.

    Raises
    ------
    PreflightError
        when it is no HTTP connection, or sends what must not be read by others in the clear.
    """
    login = str(fields.get("login") or "")
    password = str(fields.get("password") or "")
    if fields.get("conn_type") not in (None, "", *WEB_SCHEMES):
        raise PreflightError(_not_http(connection_id))
    url = webhook_of({**fields, "password": ""} if login else fields)
    if url is None:
        raise PreflightError(_not_http(connection_id))
    headers = {name: str(value) for name, value in extra.items()}
    return _checked(Endpoint(connection_id, url, headers, (login, password) if login else None))


def _not_http(connection_id: str) -> str:
    return (
        f"connection {connection_id!r} is no HTTP connection; give one whose host is a URL such as"
        f" https://platform.example/upload (or set {variable_of(connection_id)} to one)"
    )


def _checked(endpoint: Endpoint) -> Endpoint:
    try:
        parts = urlsplit(endpoint.url)
        host = parts.hostname or ""
    except ValueError:
        raise PreflightError(_not_http(endpoint.connection_id)) from None
    if parts.scheme not in WEB_SCHEMES or not host:
        raise PreflightError(_not_http(endpoint.connection_id))
    if parts.scheme == "http" and not _is_this_machine(host):
        raise PreflightError(
            f"connection {endpoint.connection_id!r}: an http:// address would send customers in the"
            " clear; give one that begins with https://"
        )
    return endpoint


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def post_csv(endpoint: Endpoint, file: BinaryIO) -> None:
    """Send a file of CSV by POST; it is not read into memory, and appears in no log.

    No redirect is followed: it would take the file to another place.

    Raises
    ------
    EndpointError
        when the endpoint cannot be reached, or does not accept it with a status from 200 to 299.
    """
    where = f"connection {endpoint.connection_id!r}"
    headers = {**endpoint.headers, "Content-Type": "text/csv; charset=utf-8"}
    limits = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    try:
        with httpx.stream(
            "POST",
            endpoint.url,
            content=file,
            headers=headers,
            auth=endpoint.login,
            timeout=limits,
            follow_redirects=False,
            # Through a proxy, what is plain and for this machine would leave it.
            trust_env=endpoint.url.startswith("https:"),
        ) as answer:
            status, is_success = answer.status_code, answer.is_success
            is_redirect = answer.is_redirect
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, UnicodeError) as error:
        # Not its text, which may contain the URL or a header.
        raise EndpointError(
            f"{where}: the endpoint could not be reached, or ended the transfer"
            f" ({type(error).__name__}); whether it has kept anything is not known"
        ) from None
    if is_redirect:
        raise EndpointError(
            f"{where}: the endpoint redirects (HTTP {status}), which is not followed; give its"
            " final address in the connection"
        )
    if not is_success:
        raise EndpointError(f"{where}: the endpoint did not accept the file: HTTP {status}")
