"""Settings of the machine and the deployment, from ``KINDRED_*`` environment variables.

They decide how the work is done (where files go, how long to wait, how much at once), never what
comes out: everything that shapes a snapshot stands in the feature spec.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kindred.errors import SettingsError


class Settings(BaseModel):
    """One field an environment variable: ``artifacts`` is ``KINDRED_ARTIFACTS``, and so on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    artifacts: Annotated[
        str, Field(min_length=1, description="root of the artefacts: a path or an fsspec URL")
    ] = "/var/lib/kindred/artifacts"
    lock_wait_seconds: Annotated[
        int, Field(ge=0, description="how long a task waits for a resource another run holds")
    ] = 1800
    shard_rows: Annotated[
        int,
        Field(
            ge=1000,
            description="customers a part of table load; half a thread's share of a graph shard",
        ),
    ] = 250_000
    graph_threads: Annotated[
        int, Field(ge=0, description="threads of one task of the graph, 0 = all cores")
    ] = 0
    block_rows: Annotated[
        int, Field(ge=1, description="rows held in memory at once while reading and writing")
    ] = 50_000
    memory_limit_mb: Annotated[
        int, Field(ge=0, description="memory a task may take, 0 = its share of the machine's")
    ] = 0
    tasks_at_once: Annotated[
        int, Field(ge=1, description="tasks that may run at once and share a machine's memory")
    ] = 2
    maintenance_work_mem_mb: Annotated[
        int, Field(ge=1, description="memory of an index build, set for its session only")
    ] = 256
    min_free_disk_mb: Annotated[
        int, Field(ge=0, description="what must stay free where the artefacts are written")
    ] = 500
    keep_nights: Annotated[
        int, Field(ge=0, description="newest snapshots that are kept, 0 = all")
    ] = 7
    keep_month_ends: Annotated[
        int, Field(ge=0, description="last snapshots of earlier months that are kept besides")
    ] = 3
    keep_replaced_nights: Annotated[
        int, Field(ge=0, description="newest snapshots whose replaced embeddings are kept")
    ] = 7
    row_limit: Annotated[
        int, Field(ge=0, description="development only: land at most so many rows, 0 = all")
    ] = 0

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the settings; unset variables take their defaults.

        Raises
        ------
        SettingsError
            naming the variable, what was found and what is allowed.
        """
        environ = os.environ if environ is None else environ
        found = {
            name: environ[variable_name(name)]
            for name in cls.model_fields
            if environ.get(variable_name(name))
        }
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            problems = [
                f"{variable_name(str(problem['loc'][0]))}={problem['input']!r}: {problem['msg']}"
                for problem in error.errors()
            ]
            raise SettingsError("; ".join(problems)) from error


def variable_name(field: str) -> str:
    """The environment variable of a field of ``Settings``."""
    return f"KINDRED_{field.upper()}"
