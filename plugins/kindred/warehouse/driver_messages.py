"""The driver's messages about a connection, without what may be part of a password."""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
# What these options say may be shown if it looks like an address, a name or a path. A password
# with an unescaped '@' or '/' makes libpq take its rest for a part of the address.
_SHOWN = {
    **dict.fromkeys(("host", "hostaddr"), re.compile(r"[\w.\-:%]+|/[\w.\-/]*")),
    "port": re.compile(r"\d+"),
    **dict.fromkeys(("user", "dbname", "application_name", "service"), re.compile(r"[\w.\- ]+")),
    **dict.fromkeys(
        ("sslcert", "sslkey", "sslrootcert", "sslcrl", "sslcrldir", "servicefile"),
        re.compile(r"[/~][\w.\-/]*|system"),
    ),
}
_LISTED = ("host", "hostaddr", "port")  # several, with commas
_SECRETS = ("password", "sslpassword")
_ENOUGH = 4  # letters of a secret that cannot be part of other words by chance
_HINT = (
    "an address that is no host name is not shown: in a URI, write '@', ':' and '/' within user and"
    " password as %40, %3A and %2F"
)


def without_secrets(message: str, parameters: Mapping[str, Any]) -> str:
    """The driver's message without any value of the connection string but plain names.

    >>> without_secrets('could not translate host name "b@h" to address', {"host": "b@h"})[:46]
    'could not translate host name "***" to address'
    """
    shown = message
    for value in sorted(_hidden(parameters), key=len, reverse=True):
        if len(value) >= _ENOUGH:
            shown = shown.replace(value, HIDDEN)
        shown = shown.replace(f'"{value}"', f'"{HIDDEN}"')
    # Option values such as 'prefer' are words of messages too: only quotes tell them apart.
    for name in parameters.keys() - _SHOWN.keys() - {*_SECRETS}:
        shown = shown.replace(f'"{parameters[name]}"', f'"{HIDDEN}"')
    is_wrong = any(not _is_plain("host", host) for host in _values("host", parameters))
    return f"{shown} ({_HINT})" if is_wrong else shown


def _hidden(parameters: Mapping[str, Any]) -> set[str]:
    hidden = {str(parameters[name]) for name in _SECRETS if parameters.get(name)}
    for name in _SHOWN:
        odd = {value for value in _values(name, parameters) if not _is_plain(name, value)}
        hidden |= odd | ({str(parameters[name])} if odd else set())
        # Of 'b@h' the server may name the part before or after.
        hidden |= {part for value in odd for part in value.split("@")[:-1] if part}
    return hidden


def _values(name: str, parameters: Mapping[str, Any]) -> list[str]:
    text = str(parameters.get(name) or "")
    return [part for part in (text.split(",") if name in _LISTED else [text]) if part]


def _is_plain(name: str, value: str) -> bool:
    return _SHOWN[name].fullmatch(value) is not None
