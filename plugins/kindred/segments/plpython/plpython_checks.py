"""Checks for clustering by PL/Python: language, functions, privileges and packages."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg2

from kindred.run.findings import Finding, Outcome
from kindred.warehouse import statements
from kindred.warehouse.database import Database

CHECK = "plpython"
FUNCTIONS = {
    "cluster_vectors": "segments/cluster_vectors",
    "python_packages": "segments/python_packages",
}
MIN_SCIKIT_LEARN = (1, 1)  # the first version that accepts algorithm="lloyd"
INSTEAD = "or use algorithm 'kmeans', which computes outside the database"


def findings(warehouse: Database) -> list[Finding]:
    """Run all checks for the algorithm ``plpython``; changes nothing."""
    found = warehouse.records("segments/has_plpython", {"functions": list(FUNCTIONS)})[0]
    failure = _failure(found)
    if failure is not None:
        return [Finding(CHECK, Outcome.FAILURE, f"warehouse: {failure}")]
    try:
        packages = warehouse.records("segments/preflight_packages")
    except psycopg2.Error as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        message = (
            f"warehouse: PL/Python does not run in database {found['database_name']}: {lines[0]};"
            " have an administrator install the Python that the server's PL/Python was built for,"
            f" {INSTEAD}"
        )
        return [Finding(CHECK, Outcome.FAILURE, message)]
    problems = [Finding(CHECK, Outcome.FAILURE, text) for text in _package_problems(packages)]
    versions = ", ".join(f"{package['package']} {package['version']}" for package in packages)
    return problems or [Finding(CHECK, Outcome.OK, f"PL/Python with {versions}")]


def _failure(found: dict[str, Any]) -> str | None:
    """The reason why the functions cannot be called, if there is one."""
    database, user = found["database_name"], found["user_name"]
    todo = f"have a superuser run what 'kindred plpython' prints in database {database}, {INSTEAD}"
    if found["installed"] is None and found["available"] is None:
        return (
            "extension 'plpython3u' (PL/Python) is not available on the server, but the algorithm"
            " 'plpython' needs it; have an administrator install its package there (Debian:"
            f" postgresql-plpython3-{found['server']}) with scikit-learn, {INSTEAD}"
        )
    if found["installed"] is None:
        return (
            f"extension 'plpython3u' is on the server but not in database {database}; it is an"
            f" untrusted language, which must be created by a superuser: {todo}"
        )
    if not found["sources"]:
        return f"the functions of schema plpython_kindred are not in database {database}; {todo}"
    if found["sources"] != [_source(name) for name in FUNCTIONS.values()]:
        return (
            f"the functions of schema plpython_kindred in database {database} are those of another"
            f" version of Kindred; {todo}"
        )
    if not (found["may_use_schema"] and found["may_execute"]):
        return f"user {user} may not call the functions of schema plpython_kindred; {todo}"
    return None


def _source(name: str) -> str:
    """A function's source, as the catalog stores it."""
    return statements.load(name).split("$function$")[1]


def _package_problems(packages: list[dict[str, Any]]) -> Iterator[str]:
    python, *libraries = packages
    where = f"warehouse: Python {python['version']} of the server"
    for library in libraries:
        name, version, problem = library["package"], library["version"], library["problem"]
        todo = (
            f"have an administrator install it where that Python looks (Debian: package"
            f" python3-sklearn, or PYTHONPATH in the server's environment), {INSTEAD}"
        )
        if problem is not None:
            yield f"{where} cannot import {name}: {problem}; {todo}"
        elif name == "scikit-learn" and _version(version) < MIN_SCIKIT_LEARN:
            allowed = ".".join(map(str, MIN_SCIKIT_LEARN))
            yield f"{where} has {name} {version}, {allowed} or newer is needed; {todo}"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
