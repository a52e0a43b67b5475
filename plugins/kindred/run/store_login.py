"""How this process logs in to the object store of the artefacts."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from kindred.artefacts.stores import CONNECTION, S3_EXTRAS, is_endpoint, is_s3, use_s3_options
from kindred.errors import PreflightError
from kindred.run.connections import aws_endpoints, extra_of, in_environment, variable_of
from kindred.spec.names import did_you_mean

EXPECTED = "expected is one such as https://minio.example:9000"
TYPES = ("aws", "s3")
Found = tuple[Mapping[str, Any], Mapping[str, Any]]
"""The fields of a connection, and its extra."""


@cache
def log_in(artifacts: str, from_airflow: Callable[[str], Found | None]) -> None:
    """Use the Airflow Connection ``kindred_artifacts`` for S3, if there is one.

    Without one, the environment counts: ``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL``, the role of
    the machine, and what else the AWS SDK reads.

    Raises
    ------
    PreflightError
        when the connection is of another type, or says what would have no effect, or an endpoint is
        no address; no value is repeated.
    """
    if not is_s3(artifacts):
        return
    for name, text in aws_endpoints().items():
        if not is_endpoint(text):
            raise PreflightError(f"{name} is no address of a server; {EXPECTED}")
    found = _from_environment() or from_airflow(CONNECTION)
    if found is None:
        return
    fields, extra = found
    if fields.get("conn_type") not in (None, "", *TYPES):
        raise PreflightError(
            f"connection {CONNECTION!r} must be of type 'aws': an access key as login, its secret"
            f" as password, and in 'extra' {', '.join(S3_EXTRAS)}"
        )
    unknown = [name for name in extra if name not in S3_EXTRAS]
    if unknown:
        raise PreflightError(
            f"connection {CONNECTION!r}: 'extra' has {unknown[0]!r}, which would have no effect;"
            f" allowed are {', '.join(S3_EXTRAS)}{did_you_mean(unknown[0], S3_EXTRAS)}"
        )
    if fields.get("host"):
        raise PreflightError(
            f"connection {CONNECTION!r} names a host, which would have no effect; say where the"
            " server is by 'endpoint_url' in 'extra'"
        )
    if "endpoint_url" in extra and not is_endpoint(extra["endpoint_url"]):
        raise PreflightError(
            f"connection {CONNECTION!r}: 'endpoint_url' in 'extra' is no address of a server;"
            f" {EXPECTED}"
        )
    use_s3_options(fields, extra)


def _from_environment() -> Found | None:
    text = in_environment(CONNECTION)
    if not text:
        return None
    try:
        if text.startswith("{"):
            fields = json.loads(text)
            return fields, extra_of(fields.get("extra"))
        parts = urlsplit(text)
        fields = {
            "conn_type": parts.scheme,
            "login": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "host": parts.hostname,
        }
        if not parts.scheme:
            raise ValueError
        return fields, extra_of(dict(parse_qsl(parts.query, keep_blank_values=True)))
    except (ValueError, AttributeError, TypeError):
        raise PreflightError(
            f"{variable_of(CONNECTION)} is neither a URI such as"
            " aws://key:secret@/?region_name=eu-central-1 nor a JSON connection"
        ) from None
