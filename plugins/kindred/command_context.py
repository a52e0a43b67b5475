"""What every command begins with: connections, settings, and the spec of a space."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from kindred.errors import PreflightError, SpecError
from kindred.run.connections import WAREHOUSE, from_environment, variable_of
from kindred.settings import Settings
from kindred.spec.model import Spec, load_spec
from kindred.spec.names import did_you_mean, listed
from kindred.spec.spec_files import spec_paths

if TYPE_CHECKING:
    from datetime import datetime

    from kindred.run.context import Deployment
    from kindred.run.endpoint import Endpoint
    from kindred.run.store_login import Found as StoreLogin

Found = TypeVar("Found")
SpaceOption = Annotated[str, typer.Option("--space", help="The space: the name of its spec file.")]


def conninfo(connection_id: str) -> str:
    """A connection from the environment, otherwise from Airflow's own store."""

    def from_airflow() -> Callable[[str], str]:
        from kindred.airflow_adapter.connections import conninfo_from_airflow

        return conninfo_from_airflow

    return _found(connection_id, from_environment, from_airflow)


def deployment() -> "Deployment":
    """Connections, and settings from the environment."""
    from kindred.run.context import Deployment

    settings = Settings.from_env()
    log_in_to_store(settings)
    return Deployment(conninfo, settings)


def log_in_to_store(settings: Settings) -> None:
    """Use the connection of the artefacts' object store, if it is one, and there is one."""
    from kindred.run.store_login import log_in

    log_in(settings.artifacts, _store_login)


def check_settings(settings: Settings) -> None:
    """Log in to the store, and read what DAG files alone read: their errors appear in Airflow only.

    Raises
    ------
    SettingsError
        when DAG files could not be parsed with it.
    """
    from kindred.airflow_adapter.placement import Placement
    from kindred.settings import Schedule

    log_in_to_store(settings)
    Schedule.from_env()
    Placement.from_env()


def _store_login(connection_id: str) -> "StoreLogin | None":
    try:
        from kindred.airflow_adapter.connections import store_login_from_airflow
    except ImportError:  # without Airflow, the environment alone counts
        return None
    return store_login_from_airflow(connection_id)


def spec_of(space: str) -> Spec:
    """The spec of a space.

    Raises
    ------
    SpecError
        when there is none; the message lists the existing ones.
    """
    paths = spec_paths()
    if space not in paths:
        raise SpecError(
            f"there is no feature spec {space!r}; there are {listed(list(paths))}"
            f"{did_you_mean(space, paths)}"
        )
    return load_spec(paths[space])


def snapshot_asked(space: str, text: str | None) -> "datetime | None":
    """The moment of the snapshot that is named by it, or by its date; None for the current one."""
    if text is None:
        return None
    from kindred.reports.figure_rows import as_of_asked

    with deployment().reader(WAREHOUSE, f"kindred {space} as-of", schema="") as database:
        return as_of_asked(database, spec_of(space).bi_schema, text)


def endpoint(connection_id: str) -> "Endpoint":
    """An HTTP endpoint from the environment, otherwise from Airflow's own store.

    Raises
    ------
    PreflightError
        when there is no such connection, or it is no HTTP connection.
    """
    from kindred.run.endpoint import endpoint_from_environment

    def from_airflow() -> Callable[[str], "Endpoint"]:
        from kindred.airflow_adapter.connections import endpoint_from_airflow

        return endpoint_from_airflow

    return _found(connection_id, endpoint_from_environment, from_airflow)


def _found(
    connection_id: str,
    in_environment: Callable[[str], Found | None],
    from_airflow: Callable[[], Callable[[str], Found]],
) -> Found:
    """What the environment says of a connection, otherwise Airflow, which is imported then."""
    found = in_environment(connection_id)
    if found is not None:
        return found
    try:
        ask = from_airflow()
    except ImportError as error:
        raise PreflightError(
            f"connection {connection_id!r}: {variable_of(connection_id)} is not set and Airflow is"
            " not installed here"
        ) from error
    return ask(connection_id)
