"""What a night has to do, and the machines that do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kindred.errors import SettingsError
from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec, spec_from_dict

KINDS = ("numeric",) * 12 + ("boolean",) * 3 + ("categorical",) * 5
"""The kinds of twenty columns, as in the tables that the constants were measured on."""
LARGEST_CUSTOMERS = 2**31 - 1
"""Rows are numbered in int32."""
USUAL_DIMENSIONS = 5
"""Dimensions per column of such a table."""


class Night(StrEnum):
    """What a night finds: nothing, much or little that has changed, or nothing that has.

    ``full`` writes the embeddings anew, with a new index, on the encoder that there is.
    """

    FIRST = "first"
    FULL = "full"
    CHANGED = "changed"
    QUIET = "quiet"


USUAL_SHARES = {Night.FIRST: 1.0, Night.FULL: 0.3, Night.CHANGED: 0.01, Night.QUIET: 0.0}
"""The share of the customers that has changed, unless another one is given."""


@dataclass(frozen=True)
class Workload:
    """One night of a space.

    ``changed_share`` counts new customers, too; ``versions`` are the rows that the history has per
    customer when the night has landed; ``measures_drift``: scheduled runs do, those by hand do not.
    """

    spec: Spec
    customers: int
    dimensions: int
    night: Night
    changed_share: float
    versions: float
    measures_drift: bool = True

    @property
    def columns(self) -> int:
        """The columns that land and are read again, labels included."""
        return len(self.spec.payload_columns)

    @property
    def landed(self) -> float:
        """The rows that land."""
        return self.customers * self.changed_share

    @property
    def is_first(self) -> bool:
        """Whether an encoder is fitted, and all that belongs to one is trained."""
        return self.night is Night.FIRST

    @property
    def is_quiet(self) -> bool:
        """Whether the night shares the rows of the one before."""
        return self.night is Night.QUIET

    @property
    def builds_index(self) -> bool:
        """Whether the embeddings are written anew, with their index."""
        return self.is_first or self.changed_share > self.spec.rewrite_share


@dataclass(frozen=True)
class Machines:
    """The workers and the server of the databases.

    ``slots``: tasks that a worker runs at once; ``memory_mb``: of a worker. ``network_mb``: what a
    worker moves per second. ``is_one``: one machine with ``cores`` runs all of it, the server and
    Airflow included, and the store if the artefacts are in a bucket (``has_bucket``). The rest are
    settings of the deployment, by their names there.
    """

    workers: int
    cores: int
    slots: int
    memory_mb: int
    database_cores: int
    database_memory_mb: int
    network_mb: float
    shard_rows: int
    block_rows: int
    maintenance_work_mem_mb: int
    kept_snapshots: int
    is_one: bool = False
    has_bucket: bool = False
    graph_threads: int = 0
    memory_limit_mb: int = 0

    @property
    def count(self) -> int:
        """The machines that run tasks."""
        return 1 if self.is_one else self.workers

    @property
    def threads(self) -> int:
        """Threads of a task."""
        return self.graph_threads or self.cores

    @property
    def task_memory_mb(self) -> int:
        """What a task may take, as `kindred.run.memory` decides, and no more than there is."""
        return self.memory_of_task(self.slots)

    def memory_of_task(self, slots: int) -> int:
        """What a task may take of a worker that runs so many at once."""
        if self.memory_limit_mb:
            return min(self.memory_limit_mb, self.memory_mb)
        return self.memory_mb // slots


def usual_spec(
    *,
    columns: int,
    k: int = 10,
    algorithms: Sequence[Algorithm] = (Algorithm.KMEANS, Algorithm.HDBSCAN),
    clusters: int = 8,
) -> Spec:
    """A spec of so many columns, of the kinds that the constants were measured on."""
    kinds = (KINDS[number % len(KINDS)] for number in range(columns))
    content: dict[str, Any] = {
        "space": "default",
        "source": {"table": "customers", "key": "customer_id", "updated_at": "updated_at"},
        "k": k,
        "features": {f"column_{number + 1}": kind for number, kind in enumerate(kinds)},
        "clustering": {
            "algorithms": [str(algorithm) for algorithm in algorithms],
            "kmeans": {"k": clusters},
        },
    }
    return spec_from_dict(content, where="kindred plan")


def workload_of(
    spec: Spec,
    *,
    customers: int,
    dimensions: int,
    night: Night,
    changed_share: float | None = None,
    versions: float | None = None,
    measures_drift: bool = True,
) -> Workload:
    """A night with what is usual for its kind where nothing is said.

    Raises
    ------
    SettingsError
        A number is not one that a night can have.
    """
    if customers < 1:
        raise SettingsError(f"--customers: found {customers:,}, allowed is a number from 1")
    if customers > LARGEST_CUSTOMERS:
        raise SettingsError(
            f"--customers: found {customers:,}, allowed are up to {LARGEST_CUSTOMERS:,} per space,"
            " since rows are numbered in int32; plan one space per country, for example"
        )
    if dimensions < 1:
        raise SettingsError(f"--dimensions: found {dimensions:,}, allowed is a number from 1")
    share = USUAL_SHARES[night] if changed_share is None else changed_share
    if not 0.0 <= share <= 1.0:
        raise SettingsError(f"--share-changed: found {share:g}, allowed is 0 to 1")
    if night is Night.FULL and share <= spec.rewrite_share:
        raise SettingsError(
            f"--share-changed {share:g}: a full night is one that writes the embeddings anew, above"
            f" {spec.rewrite_share:g} (rewrite_share); say '--night changed'"
        )
    usual = 1.0 if night is Night.FIRST else 1.3
    return Workload(
        spec,
        customers,
        dimensions,
        night,
        1.0 if night is Night.FIRST else 0.0 if night is Night.QUIET else share,
        usual if versions is None else versions,
        measures_drift and night is not Night.FIRST,
    )
