"""Figures of a report and a page: the night, its segments and its map, as ``bi`` has them.

All are aggregates, and bounded whatever the number of customers. ``figure_rows`` reads them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

NOISE = -1
"""The id of no segment."""

FEWEST_OF_A_TRAIT = 10
"""Customers of whom a mean or share is shown: of fewer it says little, or whose value it is."""

TOO_FEW = f"fewer than {FEWEST_OF_A_TRAIT} customers"
"""What a segment of so few is called."""


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot, as ``bi.snapshots`` has it."""

    as_of: datetime
    is_current: bool
    history: str | None
    encoder_version: int | None
    customers: int | None
    lookalikes: int | None
    rows_landed: int | None
    rows_rejected: int | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    published_at: datetime | None
    stage_seconds: Mapping[str, float]
    stage_peak_mb: Mapping[str, float]
    stage_forecast_mb: Mapping[str, float]
    late_customers: int | None
    erased_customers: int | None
    source_customers: int | None
    missing_customers: int | None
    future_customers: int | None
    release: str | None
    hidden_algorithms: Sequence[str] | None
    events_read: int | None
    events_rejected: int | None
    events_withdrawn: int | None
    events_late: int | None
    events_unknown: int | None
    event_customers_unknown: int | None


@dataclass(frozen=True)
class State:
    """A snapshot, published or not, as ``bi.snapshots`` has it."""

    as_of: datetime
    status: str
    is_current: bool
    customers: int | None
    rows_rejected: int | None
    recall: float | None
    published_at: datetime | None
    run_status: str | None
    failed_task: str | None
    failure: str | None
    late_customers: int | None

    @property
    def remark(self) -> str:
        """What somebody should know of it."""
        found = []
        if self.failed_task or self.failure:
            found.append(": ".join(filter(None, (self.failed_task, self.failure))))
        if self.late_customers:
            found.append(f"stale: rows of {self.late_customers:,} customers have arrived since")
        return "; ".join(found)


@dataclass(frozen=True)
class Scope:
    """A snapshot of a space, and the published ones before it that are kept, newest first."""

    bi: str
    nights: tuple[Snapshot, ...]

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that is looked at."""
        return self.nights[0]

    @property
    def as_of(self) -> datetime:
        """Its moment."""
        return self.snapshot.as_of

    @property
    def previous(self) -> Snapshot | None:
        """The published snapshot before it."""
        return self.nights[1] if len(self.nights) > 1 else None


@dataclass(frozen=True)
class Rejection:
    """A reason for which rows were rejected: how many ever, and dated since the night before."""

    reason: str
    rows: int
    rows_since: int


@dataclass(frozen=True)
class Column:
    """An encoded column of a night, as ``bi.column_quality`` has it."""

    as_of: datetime
    column_name: str
    kind: str
    customers: int
    missing: int | None
    unlisted: int | None
    rejected: int | None
    stability_index: float | None
    drift: float | None
    previous_as_of: datetime | None = None


@dataclass(frozen=True)
class IndexCheck:
    """A night's check of the serving index, as ``bi.index_checks`` has it."""

    as_of: datetime
    generation: int | None
    target_recall: float | None
    recall_at_k: float | None
    recall_low: float | None
    recall_high: float | None
    recall_sample: int | None
    rows: int | None
    changed_rows: int | None
    is_rebuilt: bool | None
    reason: str | None
    list_drift: float | None
    list_drift_noise: float | None
    checked_at: datetime


@dataclass(frozen=True)
class Attempt:
    """A date that is not published, or whose newest run is not, as ``bi.snapshots`` has it."""

    as_of: datetime
    status: str
    run_status: str | None
    failed_task: str | None
    failure: str | None
    missed_deadline_at: datetime | None


@dataclass(frozen=True)
class Night:
    """What happened in a night; ``columns`` and ``checks`` are of all nights of the scope.

    ``attempts``: what has been tried since, newest first.
    """

    scope: Scope
    attempts: tuple[Attempt, ...]
    rejected_rows: tuple[Rejection, ...]
    rejected_events: tuple[Rejection, ...]
    columns: tuple[Column, ...]
    checks: tuple[IndexCheck, ...]

    @property
    def changed_customers(self) -> int | None:
        """Customers who are new, changed or gone since the snapshot before.

        A check of the index counts them, since the check before it: None where that was of another
        snapshot, as after a backfill, or of this one.
        """
        checks = sorted(self.checks, key=lambda check: check.checked_at)
        at = max(
            (at for at, check in enumerate(checks) if check.as_of == self.scope.as_of), default=0
        )
        before = self.scope.previous
        if not at or before is None or checks[at - 1].as_of != before.as_of:
            return None
        return checks[at].changed_rows


@dataclass(frozen=True)
class ClusterQuality:
    """How good the segments of a night are, as ``bi.cluster_quality`` has it."""

    as_of: datetime
    algorithm: str
    customers: int
    clusters: int
    noise_share: float
    largest_share: float | None
    smallest_share: float | None
    silhouette: float | None
    silhouette_sample: int | None
    stability: float | None
    stability_customers: int | None
    previous_as_of: datetime | None = None


@dataclass(frozen=True)
class Segment:
    """A segment, as ``bi.cluster_summary`` has it; ``segments``: how many the algorithm found."""

    algorithm: str
    cluster_id: int
    name: str | None
    customers: int
    share: float
    membership: float | None
    medoid_id: str | None
    segments: int


@dataclass(frozen=True)
class Trait:
    """A mean or share of a segment beside everybody's, as ``bi.cluster_profiles`` has it.

    ``kind`` is numeric, date (in days since 1970-01-01), boolean, categorical or missing; all but
    the first two are shares.
    """

    cluster_id: int
    role: str
    column_name: str
    kind: str
    value: str | None
    customers: int
    estimate: float | None
    low: float | None
    high: float | None
    everyone: float | None
    is_different: bool | None
    effect: float | None

    @property
    def is_share(self) -> bool:
        """Whether the figures are between 0 and 1."""
        return self.kind not in ("numeric", "date")

    @property
    def title(self) -> str:
        """The column, and what of it is counted."""
        if self.kind == "missing":
            return f"{self.column_name} missing"
        return self.column_name if self.value is None else f"{self.column_name}: {self.value}"


@dataclass(frozen=True)
class NeverNegative:
    """A column without a negative value; ``is_share``: all of its values are from 0 to 1."""

    column_name: str
    is_share: bool


@dataclass(frozen=True)
class TypicalItem:
    """An item that a segment owns more often than everybody, as ``bi.cluster_items`` has it."""

    cluster_id: int
    feature: str
    item: str
    customers: int
    share: float
    everyone_share: float
    lift: float
    low: float
    high: float


@dataclass(frozen=True)
class Move:
    """Customers of one origin and one destination.

    ``source`` is the number of a segment, or noise, others or new; ``target`` the same, or gone.
    """

    from_as_of: datetime
    source: str
    target: str
    customers: int


@dataclass(frozen=True)
class LineageCount:
    """How many segments were kept, split, merged, born or died; as ``bi.cluster_lineage`` says."""

    event: str
    segments: int
    customers: int


@dataclass(frozen=True)
class Segmentation:
    """The segments of one algorithm: ``quality`` of all nights, newest first.

    ``segments`` are the largest ones, by size; ``traits`` and ``items`` are of these.
    ``never_negative``: columns of the snapshot, whichever are known to have no negative value.
    """

    algorithm: str
    quality: tuple[ClusterQuality, ...]
    segments: tuple[Segment, ...]
    traits: tuple[Trait, ...]
    items: tuple[TypicalItem, ...]
    lineage: tuple[LineageCount, ...]
    never_negative: tuple[NeverNegative, ...] = ()

    @property
    def count(self) -> int:
        """All segments that were found."""
        return self.segments[0].segments if self.segments else 0

    @property
    def names(self) -> dict[int, str]:
        """The names of the segments; a number where there is no name.

        A name says what sets customers apart: of a few, it would tell their values.
        """
        return {
            one.cluster_id: TOO_FEW
            if one.customers < FEWEST_OF_A_TRAIT
            else one.name or f"segment {one.cluster_id}"
            for one in self.segments
        }


@dataclass(frozen=True)
class Moves:
    """Who moved where since the snapshot before; ``names`` of the segments in both."""

    from_as_of: datetime
    moves: tuple[Move, ...]
    names: Mapping[str, str]


@dataclass(frozen=True)
class MapCell:
    """Customers in a cell of the grid, of one segment, or (None) of all the others."""

    column: int
    row: int
    cluster_id: int | None
    customers: int


@dataclass(frozen=True)
class CustomerMap:
    """Where customers are, on a grid of cells that count from 1, from lower left.

    ``trustworthiness``: of the map's neighbourhoods, by so many ``neighbours``.
    """

    customers: int
    columns: int
    rows: int
    cells: tuple[MapCell, ...]
    trustworthiness: float | None
    neighbours: int | None
    landmarks: int | None = None

    @property
    def is_layout(self) -> bool:
        """Whether places differ: with fewer than two landmarks all customers lie in one."""
        places = {(cell.column, cell.row) for cell in self.cells}
        return len(places) > 1 and (self.landmarks is None or self.landmarks > 1)
