"""Settings of the deployment, from ``KINDRED_*`` environment variables; nothing else reads them.

They decide how the work is done (where files go, how long to wait, how much at once), never what
comes out: everything that shapes a snapshot stands in the feature spec.

One class per reader, so that each depends only on the variables it uses: a wrong ``Schedule``
stops no worker, and a wrong ``Settings`` does not hide the DAGs.
"""

import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Self, cast

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from kindred.errors import SettingsError
from kindred.spec.schema import allowed, json_schema

PREFIX = "KINDRED_"


class Environment(BaseSettings):
    """One field per environment variable: ``artifacts`` is ``KINDRED_ARTIFACTS``, and so on."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    @classmethod
    def from_env(cls) -> Self:
        """Read the settings; variables that are unset or empty take their defaults.

        Raises
        ------
        SettingsError
            naming the variable, what was found and what is allowed; the value of a secret is not
            repeated.
        """
        given = (item for item in os.environ.items() if item[0].upper().startswith(PREFIX))
        try:
            return cast(Self, _read(cls, frozenset(given)))
        except ValidationError as error:
            raise SettingsError("; ".join(map(cls._problem, error.errors()))) from None

    @classmethod
    def _problem(cls, problem: Any) -> str:
        name = str(problem["loc"][0])
        is_secret = cls.model_fields[name].annotation is SecretStr
        found = "" if is_secret else f"={problem['input']!r}"
        if problem["type"] == "value_error":
            wrong = problem["msg"].removeprefix("Value error, ")
        else:
            root = json_schema(cls)
            wrong = f"{allowed(root['properties'][name], root)} is required"
        return f"{variable_name(name)}{found}: {wrong}"


@lru_cache(maxsize=32)
def _read(kind: type[Environment], given: frozenset[tuple[str, str]]) -> Environment:
    """What a class reads of an environment: a task asks several times, each takes milliseconds."""
    return kind()


UNSHARED = ("memory", "http", "https", "data")


def _from_the_root(place: str) -> str:
    if "://" not in place and not os.path.isabs(place):
        raise ValueError("a full path or a URL is required: each process has a folder of its own")
    scheme, separator, rest = place.partition("://")
    if separator and scheme.lower() in UNSHARED:
        raise ValueError(f"{scheme}:// holds nothing that other processes could read")
    if separator and (not rest or "//" in rest):
        raise ValueError("a URL without empty parts is required, such as s3://bucket/folder")
    return place


class Settings(Environment):
    """How tasks and commands work."""

    # Root of the artefacts: a path or an fsspec URL.
    artifacts: Annotated[str, Field(min_length=1), AfterValidator(_from_the_root)] = (
        "/var/lib/kindred/artifacts"
    )
    # How long a task waits for a resource that another run holds.
    lock_wait_seconds: Annotated[int, Field(ge=0)] = 1800
    # Customers per part of table load; half a thread's share of a graph shard.
    shard_rows: Annotated[int, Field(ge=1000)] = 250_000
    # Threads of one task of the graph, 0 = all cores.
    graph_threads: Annotated[int, Field(ge=0)] = 0
    # Rows held in memory at once while reading and writing.
    block_rows: Annotated[int, Field(ge=1)] = 50_000
    # Memory a task may take, 0 = its share of the machine's.
    memory_limit_mb: Annotated[int, Field(ge=0)] = 0
    # Tasks that may run at once and share a machine's memory.
    tasks_at_once: Annotated[int, Field(ge=1)] = 2
    # Memory of an index build, set for its session only.
    maintenance_work_mem_mb: Annotated[int, Field(ge=1)] = 256
    # What must stay free where the artefacts are written.
    min_free_disk_mb: Annotated[int, Field(ge=0)] = 500
    # Newest snapshots that are kept, 0 = all.
    keep_nights: Annotated[int, Field(ge=0)] = 7
    # Last snapshots of earlier months that are kept besides.
    keep_month_ends: Annotated[int, Field(ge=0)] = 3
    # Newest snapshots whose replaced embeddings are kept.
    keep_replaced_nights: Annotated[int, Field(ge=0)] = 7
    # Newest snapshots whose report is kept beside the artefacts, 0 = no reports.
    keep_reports: Annotated[int, Field(ge=0)] = 1
    # Days for which the customers of an export are kept, to compare them, 0 = for ever.
    keep_export_days: Annotated[int, Field(ge=0)] = 400
    # The longest that one statement in a source may take, 0 = no limit.
    source_timeout_seconds: Annotated[int, Field(ge=0, le=2_000_000)] = 3600
    # Development only: land at most this many rows, 0 = all.
    row_limit: Annotated[int, Field(ge=0)] = 0


def _folders(value: Any) -> Any:
    if isinstance(value, str):
        return [folder for folder in value.split(os.pathsep) if folder]
    return value


class Places(Environment):
    """Where the files are that Kindred reads; by default, those it came with.

    ``features``: folders of feature specs, separated as in PATH; ``audiences``: folders of audience
    files, likewise; ``sql``: the folder of SQL files; ``export_roots``: the only folders in which
    exports are written, none by default.
    """

    features: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_folders)] = ()
    audiences: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_folders)] = ()
    sql: Path | None = None
    export_roots: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_folders)] = ()
    scratch: Path | None = None


def _moment(value: Any) -> datetime:
    """A date or time in ISO 8601; one without a time zone is in UTC."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("a date or time in ISO 8601 is expected, such as 2026-01-01") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Schedule(Environment):
    """What the DAG files need; Airflow reads it again whenever it parses them."""

    start_date: Annotated[datetime, BeforeValidator(_moment)] = datetime(2026, 1, 1, tzinfo=UTC)
    # Delay before a failed task is retried.
    retry_delay_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 60
    # Hours until a scheduled run that has not published is late; 0: never.
    deadline_hours: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 3


RESOURCES = ("cpu", "memory", "ephemeral-storage")
QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|[kMGTPE]|[KMGTPE]i)?", re.ASCII)
"""Of a resource, as Kubernetes writes it: without exponents, which nobody does."""
_FACTORS = {letter: 1000**power for power, letter in enumerate("kMGTPE", start=1)}
_FACTORS |= {f"{letter}i": 1024**power for power, letter in enumerate("KMGTPE", start=1)}
_FACTORS |= {"": 1, "m": 0.001}
LEAST_POD_MEGABYTES = 512
"""Airflow's own process in a pod (256) and the smallest task's, which loads the libraries."""
_LEAST = {
    "cpu": (0.001, "1m"),
    "memory": (
        LEAST_POD_MEGABYTES * 2**20,
        f"{LEAST_POD_MEGABYTES}Mi, which Airflow's process and the smallest task need",
    ),
    "ephemeral-storage": (2**20, "1Mi"),
}


def _pod_resources(value: Any) -> dict[str, dict[str, str]]:
    try:
        tasks = json.loads(value) if isinstance(value, str) else value
        return {
            task: {name: _quantity(name, amount) for name, amount in resources.items()}
            for task, resources in tasks.items()
        }
    except (json.JSONDecodeError, AttributeError):
        raise ValueError(
            "a JSON object of tasks is expected, and of resources in each, such as"
            ' {"default": {"cpu": "1", "memory": "2Gi"}, "search_graph": {"memory": "8Gi"}}'
        ) from None


def _quantity(name: str, amount: Any) -> str:
    if name not in RESOURCES:
        raise ValueError(f"{name!r} is no resource of a task; there are {', '.join(RESOURCES)}")
    found = None if isinstance(amount, bool) else QUANTITY.fullmatch(str(amount))
    unit = (found[2] or "") if found else ""
    is_of_bytes = name != "cpu"
    # Thousandths are for processors alone, and all larger units for bytes.
    if found is None or (unit == "m" if is_of_bytes else unit not in ("", "m")):
        examples = "512Mi or 4Gi" if is_of_bytes else "500m or 2"
        thousandths = ": m stands for thousandths of a byte" if unit == "m" else ""
        raise ValueError(
            f"{name} {amount!r} is no quantity of Kubernetes, such as {examples}{thousandths}"
        )
    least, words = _LEAST[name]
    if float(found[1]) * _FACTORS[unit] < least:
        raise ValueError(f"{name} {amount!r} is too little; allowed is at least {words}")
    return found[0]


class Pods(Environment):
    """What the DAG files ask of Kubernetes for their tasks' pods; nothing by default.

    ``pod_resources``: of each task; ``default`` is for what it does not say.
    """

    pod_resources: Annotated[
        Mapping[str, Mapping[str, str]], NoDecode, BeforeValidator(_pod_resources)
    ] = {}


QUEUE = re.compile(r"[A-Za-z0-9._-]{1,256}")
"""A name that needs no quotes on a worker's command line; Airflow keeps 256 characters of it."""


def _queues(given: object) -> object:
    """Read task -> queue from JSON.

    Raises
    ------
    ValueError
        naming what is wrong, and what is expected.
    """
    expected = 'a JSON object of tasks is expected, such as {"search_graph": "heavy"}'
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        raise ValueError(expected) from None
    if not isinstance(found, dict):
        raise ValueError(expected)
    for task, queue in found.items():
        if not isinstance(queue, str) or not QUEUE.fullmatch(queue):
            raise ValueError(
                f"{task}: found the queue {queue!r}, expected is a name of letters, digits, '.',"
                " '_' and '-'"
            )
    return found


class Queues(Environment):
    """Into which queues of Airflow the DAG files put their tasks.

    ``queues``: of each task; ``default`` is for what it does not say.
    """

    queues: Annotated[Mapping[str, str], NoDecode, BeforeValidator(_queues)] = {}


class Persons(StrEnum):
    """Who may look up single customers on the page in Airflow."""

    EDIT = "edit"
    READ = "read"
    NOBODY = "nobody"


class Page(Environment):
    """What the page in Airflow allows.

    ``page_persons``: whoever may edit the DAG of a space, may read it, or nobody looks up its
    customers and members of audiences; ``page_lookups_per_hour``: of each user.
    """

    page_persons: Persons = Persons.EDIT
    page_lookups_per_hour: Annotated[int, Field(ge=1)] = 60


class Secrets(Environment):
    """What must never be shown.

    ``erasure_key`` hashes the ids of erased customers; ``export_key`` hashes what is exported.
    """

    erasure_key: SecretStr = SecretStr("")
    export_key: SecretStr = SecretStr("")


def variable_name(field: str) -> str:
    """The environment variable of a field."""
    return f"{PREFIX}{field.upper()}"
