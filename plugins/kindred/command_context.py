"""What every command begins with: connections, settings, and the spec of a space."""

from typing import TYPE_CHECKING, Annotated

import typer

from kindred.errors import PreflightError, SpecError
from kindred.run.connections import from_environment, variable_of
from kindred.settings import Settings
from kindred.spec.model import Spec, load_spec
from kindred.spec.names import did_you_mean, listed
from kindred.spec.spec_files import spec_paths

if TYPE_CHECKING:
    from kindred.run.context import Deployment
    from kindred.run.endpoint import Endpoint

SpaceOption = Annotated[str, typer.Option("--space", help="The space: the name of its spec file.")]


def conninfo(connection_id: str) -> str:
    """A connection from the environment, otherwise from Airflow's own store."""
    found = from_environment(connection_id)
    if found is not None:
        return found
    try:
        from kindred.airflow_adapter.connections import conninfo_from_airflow
    except ImportError as error:
        raise PreflightError(_not_found(connection_id)) from error
    return conninfo_from_airflow(connection_id)


def deployment() -> "Deployment":
    """Connections, and settings from the environment."""
    from kindred.run.context import Deployment

    return Deployment(conninfo, Settings.from_env())


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


def endpoint(connection_id: str) -> "Endpoint":
    """An HTTP endpoint from the environment, otherwise from Airflow's own store.

    Raises
    ------
    PreflightError
        when there is no such connection, or it is no HTTP connection.
    """
    from kindred.run.endpoint import endpoint_from_environment

    found = endpoint_from_environment(connection_id)
    if found is not None:
        return found
    try:
        from kindred.airflow_adapter.connections import endpoint_from_airflow
    except ImportError as error:
        raise PreflightError(_not_found(connection_id)) from error
    return endpoint_from_airflow(connection_id)


def _not_found(connection_id: str) -> str:
    return (
        f"connection {connection_id!r}: {variable_of(connection_id)} is not set and Airflow is not"
        " installed here"
    )
