"""The address of the warehouse as Superset wants it, and never a password in it."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from kindred.errors import SettingsError

SCHEMES = ("postgresql", "postgres", "postgresql+psycopg2")
PASSWORD_MASK = "XXXXXXXXXX"  # how Superset writes a password that it asks for at import
SECRET_OPTION = re.compile("password|secret|scram_.*_key", re.IGNORECASE)
LAST_PORT = 65_535
EXAMPLE = "postgresql://analyst@db.example.com:5432/warehouse?sslmode=require"


@dataclass(frozen=True)
class Address:
    """A URI of SQLAlchemy with psycopg2, and libpq's ``options`` for its sessions.

    Superset keeps only those options that stand outside the URI.
    """

    uri: str
    session_options: tuple[str, ...] = ()


def address_of(uri: str, *, asks_password: bool) -> Address:
    """A URI of libpq as Superset reads it.

    With ``asks_password`` it holds the mask by which Superset asks for the password at import.
    Several hosts become options, as SQLAlchemy has them.

    Raises
    ------
    SettingsError
        when it holds a password, which is not repeated, or names no login or no database.
    """
    try:
        parts = urlsplit(uri)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        # The text may hold a password: it is not repeated, and neither is the error.
        raise SettingsError(f"--uri: a URI such as {EXAMPLE} is expected") from None
    if parts.scheme not in SCHEMES or parts.fragment or re.search(r"\s", uri):
        raise SettingsError(
            f"--uri: a URI such as {EXAMPLE} is expected: it begins with one of"
            f" {', '.join(f'{scheme}://' for scheme in SCHEMES)}, and has no # and no blank"
        )
    login, _, hosts = parts.netloc.rpartition("@")
    _refuse_secrets(login, [name for name, _ in options])
    database = unquote(parts.path.removeprefix("/"))
    if not login or not database:
        missing = "login" if not login else "database"
        raise SettingsError(
            f"--uri: no {missing} found; name the one that Superset is to use, as in {EXAMPLE}"
        )
    if set(database) & set("?/"):
        raise SettingsError("--uri: Superset can use no database whose name has ? or / in it")
    secret = f":{PASSWORD_MASK}" if asks_password else ""
    place, further = _hosts(hosts)
    of_session = tuple(value for name, value in options if name == "options")
    kept = [option for option in options if option[0] != "options"]
    query = urlencode([*further, *kept], quote_via=quote, safe="/:,[]")
    ending = f"?{query}" if query else ""
    return Address(f"postgresql+psycopg2://{login}{secret}@{place}/{database}{ending}", of_session)


def _refuse_secrets(login: str, options: list[str]) -> None:
    secret = [name for name in options if SECRET_OPTION.search(name)]
    if ":" in login or secret:
        what = "a password after the login" if ":" in login else f"the option {secret[0]!r}"
        raise SettingsError(
            f"--uri: {what} was found, but shells and process lists show arguments to others, and"
            " the zip is a file: leave it out. Superset asks for the password at import; with"
            " --no-password it takes that of its own environment (PGPASSWORD, PGPASSFILE)"
        )


def _hosts(hosts: str) -> tuple[str, list[tuple[str, str]]]:
    """One host stays where it is; several, and the folder of a socket, become options."""
    for port in filter(None, map(_port, hosts.split(","))):
        if not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= LAST_PORT:
            raise SettingsError(f"--uri: the port {port!r} is no number from 1 to {LAST_PORT}")
    if "," in hosts:
        return "", [("host", _with_port(host)) for host in hosts.split(",")]
    if unquote(hosts).startswith("/"):
        return "", [("host", unquote(hosts))]
    return hosts, []


def _with_port(host: str) -> str:
    return host if _port(host) else f"{host.removesuffix(':')}:5432"


def _port(host: str) -> str:
    return host.rpartition("]")[2].partition(":")[2]
