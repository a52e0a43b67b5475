"""Read the figures from ``bi``, and from nothing else: a session of a ``bi_reader`` is enough."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from psycopg2 import sql

from kindred.errors import DataError, NothingPublishedError
from kindred.reports.figures import (
    FEWEST_OF_A_TRAIT,
    Attempt,
    ClusterQuality,
    Column,
    CustomerMap,
    IndexCheck,
    LineageCount,
    MapCell,
    Move,
    Moves,
    NeverNegative,
    Night,
    Rejection,
    Scope,
    Segment,
    Segmentation,
    Snapshot,
    State,
    Trait,
    TypicalItem,
)
from kindred.reports.figures_of_lists import (
    Audience,
    AudienceQuality,
    AudienceResult,
    Audiences,
    Contribution,
    Distance,
    Example,
    IndexBuild,
    IndexFigures,
    Lookalike,
    Overlap,
    RecommendationQuality,
    RecommendationReason,
    Recommendations,
)
from kindred.reports.mean_intervals import labels_in_doubt
from kindred.run.windows import day_of, parse_moment
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType
from kindred.warehouse.statements import comma_separated

Kind = TypeVar("Kind")

MOST_NIGHTS = 30
MOST_STATES = 100
MOST_REASONS = 12
MOST_SEGMENTS = 12
MOST_AUDIENCES = 12
MOST_RESULTS = 12
MOST_BUILDS = 8
MOST_ITEMS = 3
MOST_READ = 300_000
"""Customers whose labels are read where an interval asks for it: that of a million takes 2.7 s."""


def find_scope(
    database: Database, bi: str, as_of: datetime | None = None, *, most_nights: int = MOST_NIGHTS
) -> Scope:
    """The published snapshot of a moment, by default the current one, and those before it.

    Raises
    ------
    DataError
        when there is none.
    """
    _require_space(database, bi)
    names = {"bi": bi}
    found = _all(
        database, Snapshot, "reports/snapshots", {"as_of": as_of, "most": most_nights}, names
    )
    if as_of is None:
        # The current one is the newest, unless one after it was withdrawn and published again.
        first = next((at for at, one in enumerate(found) if one.is_current), 0)
        found = found[first:]
    if not found:
        before = "" if as_of is None else f" at or before {as_of.isoformat()}"
        kind = (
            DataError if as_of is not None and has_snapshot(database, bi) else NothingPublishedError
        )
        raise kind(f"{bi}.snapshots: no snapshot is published{before}; run the DAG first")
    if as_of is not None and found[0].as_of != as_of:
        raise DataError(
            f"{bi}.snapshots: no snapshot is published as of {as_of.isoformat()}; the nearest"
            f" before it is {found[0].as_of.isoformat()} (kindred snapshots lists them)"
        )
    return Scope(bi, found)


def as_of_asked(
    database: Database, bi: str, text: str | None, name: str = "as-of"
) -> datetime | None:
    """The snapshot that somebody names by its moment; a date names the newest of that day.

    A day is one of the schedule's clock, as in ``bi.snapshots.as_of_date``.

    Raises
    ------
    WindowError
        when the text is neither a date nor a moment.
    DataError
        when no snapshot is published of that day.
    """
    if not text:
        return None
    moment, day = parse_moment(name, text), day_of(text)
    if day is None:
        return moment
    _require_space(database, bi)
    found = database.row("reports/snapshot_of_day", {"day": day}, bi=bi)
    of_day, nearest = found or (None, None)
    if of_day is None and nearest is not None:
        raise DataError(
            f"{bi}.snapshots: no snapshot is published as of {text}; the nearest before it is"
            f" {nearest.isoformat()} (kindred snapshots lists them)"
        )
    return of_day or moment


def has_snapshot(database: Database, bi: str) -> bool:
    """Whether a space has a snapshot that this login may read."""
    return _has_view(database, bi, "snapshots") and bool(
        database.value("reports/has_snapshot", bi=bi)
    )


def read_states(database: Database, bi: str, *, most: int = MOST_STATES) -> tuple[State, ...]:
    """The newest snapshots, published or not."""
    _require_space(database, bi)
    return _all(database, State, "reports/states", {"most": most}, {"bi": bi})


def read_night(database: Database, scope: Scope) -> Night:
    """Rejected rows, columns, drift and index checks, of the night and of those kept before it."""
    since = None if scope.previous is None else scope.previous.as_of
    of_night = {"as_of": scope.as_of, "since": since, "most": MOST_REASONS}
    nights = {"as_ofs": [night.as_of for night in scope.nights]}
    read = _reader(database, scope)
    return Night(
        scope,
        attempts=read(Attempt, "reports/attempts", of_night),
        rejected_rows=read(Rejection, "reports/rejected_rows", of_night),
        rejected_events=read(Rejection, "reports/rejected_events", of_night),
        columns=read(Column, "reports/columns", nights),
        checks=read(IndexCheck, "reports/index_checks", nights),
    )


def read_segments(
    database: Database, scope: Scope, *, most: int = MOST_SEGMENTS
) -> tuple[Segmentation, ...]:
    """The largest segments of each algorithm, with what is telling of them and their outcomes."""
    read = _reader(database, scope)
    nights = {"as_ofs": [night.as_of for night in scope.nights]}
    quality = read(ClusterQuality, "reports/cluster_quality", nights)
    segments = read(Segment, "reports/segments", {"as_of": scope.as_of, "most": most})
    shown = sorted({one.algorithm for one in segments})
    now = [one.algorithm for one in quality if one.as_of == scope.as_of]
    # One that found nothing but noise has a quality and no segments.
    hidden = set(scope.snapshot.hidden_algorithms or ())
    shown += [name for name in now if name not in shown and name not in hidden]
    since = None if scope.previous is None else scope.previous.as_of
    found = []
    for algorithm in shown:
        own = tuple(one for one in segments if one.algorithm == algorithm)
        clusters = [one.cluster_id for one in own]
        of_algorithm = {"as_of": scope.as_of, "algorithm": algorithm, "clusters": clusters}
        found.append(
            Segmentation(
                algorithm,
                quality=tuple(one for one in quality if one.algorithm == algorithm),
                segments=own,
                traits=read(Trait, "reports/traits", {**of_algorithm, "fewest": FEWEST_OF_A_TRAIT}),
                items=read(
                    TypicalItem, "reports/typical_items", {**of_algorithm, "most": MOST_ITEMS}
                ),
                lineage=read(LineageCount, "reports/lineage", {**of_algorithm, "since": since}),
            )
        )
    traits = [trait for one in found for trait in one.traits]
    never_negative = (
        *read(NeverNegative, "reports/never_negative", {"as_of": scope.as_of}),
        *_labels(database, scope, labels_in_doubt(traits)),
    )
    return tuple(replace(one, never_negative=never_negative) for one in found)


def _labels(database: Database, scope: Scope, in_doubt: Sequence[str]) -> tuple[NeverNegative, ...]:
    """Which labels have no negative value, as the customers of the current snapshot say.

    After an erasure they do not: the means are of all.
    """
    snapshot = scope.snapshot
    is_known = snapshot.is_current and not snapshot.erased_customers
    if not (in_doubt and is_known and (snapshot.customers or 0) <= MOST_READ):
        return ()
    asked = {"schema": scope.bi, "labels": in_doubt}
    labels = [label for (label,) in database.rows("reports/number_labels", asked)]
    if not labels:
        return ()
    limits = comma_separated(
        sql.SQL("min({0}) >= 0, max({0}) <= 1").format(sql.Identifier(label)) for label in labels
    )
    found = database.rows("reports/label_limits", bi=scope.bi, limits=limits)[0]
    told = zip(labels, found[::2], found[1::2], strict=True)
    return tuple(
        NeverNegative(label, at_most_1) for label, at_least_0, at_most_1 in told if at_least_0
    )


def read_moves(database: Database, scope: Scope, algorithm: str, *, most: int = 8) -> Moves | None:
    """Who moved where since the snapshot before; None without one."""
    read = _reader(database, scope)
    asked = {"as_of": scope.as_of, "algorithm": algorithm, "most": most}
    moves = read(Move, "reports/moves", asked)
    if not moves:
        return None
    ends = {end for move in moves for end in (move.source, move.target)}
    clusters = [int(end) for end in ends if end.isdigit()]
    of_both = {"as_ofs": [scope.as_of, moves[0].from_as_of], "algorithm": algorithm}
    rows = database.rows("reports/segment_names", {**of_both, "clusters": clusters}, bi=scope.bi)
    # A segment has the same name in both; one that was renamed is called as it is now.
    names = {str(cluster): name for cluster, name in reversed(rows) if name is not None}
    return Moves(
        moves[0].from_as_of, moves, {str(one): f"segment {one}" for one in clusters} | names
    )


def read_map(
    database: Database, scope: Scope, algorithm: str | None, clusters: Sequence[int] = ()
) -> CustomerMap | None:
    """The map as counts on a grid, by segment; None without a map.

    ``clusters``: the segments of the algorithm that are told apart.
    """
    if not _has_view(database, scope.bi, "map_cells"):
        return None
    asked = {"as_of": scope.as_of, "algorithm": algorithm, "clusters": list(clusters)}
    cells = _reader(database, scope)(MapCell, "reports/map_cells", asked)
    if not cells:  # of an algorithm that was hidden when the snapshot was published, there are none
        return None if algorithm is None else read_map(database, scope, None)
    quality = database.row("reports/map_quality", {"as_of": scope.as_of}, bi=scope.bi)
    return CustomerMap(
        sum(cell.customers for cell in cells),
        max(cell.column for cell in cells),
        max(cell.row for cell in cells),
        cells,
        *(quality or (None, None, None)),
    )


def read_lookalikes(database: Database, scope: Scope) -> tuple[Distance, ...]:
    """How far lookalikes are, rank by rank."""
    return _reader(database, scope)(Distance, "reports/distances", {"as_of": scope.as_of})


def read_index(database: Database, scope: Scope) -> IndexFigures:
    """The indexes up to the snapshot, the newest first, and the checks of the kept nights."""
    read = _reader(database, scope)
    nights = {"as_ofs": [night.as_of for night in scope.nights]}
    return IndexFigures(
        builds=read(
            IndexBuild, "reports/index_builds", {"as_of": scope.as_of, "most": MOST_BUILDS}
        ),
        checks=read(IndexCheck, "reports/index_checks", nights),
    )


def read_audiences(database: Database, scope: Scope, *, most: int = MOST_AUDIENCES) -> Audiences:
    """The audiences of the snapshot, their quality, whom they share, and what exports achieved."""
    read = _reader(database, scope)
    found = read(Audience, "reports/audiences", {"as_of": scope.as_of, "most": most})
    asked = {"as_of": scope.as_of, "audiences": [one.audience for one in found]}
    results = {"as_of": scope.as_of, "most": MOST_RESULTS}
    return Audiences(
        found,
        quality=read(AudienceQuality, "reports/audience_quality", asked),
        overlap=read(Overlap, "reports/audience_overlap", asked),
        results=read(AudienceResult, "reports/audience_results", results),
    )


def read_recommendations(database: Database, scope: Scope) -> Recommendations:
    """How good recommendations are beside other methods, and why items are listed."""
    read = _reader(database, scope)
    asked = {"as_of": scope.as_of, "encoder_version": scope.snapshot.encoder_version}
    return Recommendations(
        quality=read(RecommendationQuality, "reports/recommendation_quality", asked),
        reasons=read(RecommendationReason, "reports/recommendation_reasons", asked),
    )


def read_example(
    database: Database, scope: Scope, customer_id: str, *, title: str = "", most: int = 5
) -> Example:
    """A single customer: lookalikes, segments, and why the first lookalike is similar.

    Raises
    ------
    DataError
        when ``customer_id`` cannot be a key of the space.
    """
    key_type = read_key_type(database, scope.bi)
    [customer] = key_type.to_python(key_type.parse(customer_id))
    read = _reader(database, scope)
    asked = {"as_of": scope.as_of, "customer_id": customer}
    lookalikes = read(Lookalike, "reports/lookalikes", {**asked, "most": most})
    contributions: tuple[Contribution, ...] = ()
    if lookalikes and scope.snapshot.is_current:
        first = key_type.to_python(key_type.parse(lookalikes[0].lookalike_id))[0]
        pair = {"customer": customer, "lookalike": first}
        contributions = read(Contribution, "reports/explain_pair", pair)
    segments = database.rows("reports/customer_segments", asked, bi=scope.bi)
    return Example(
        str(customer),
        title,
        lookalikes,
        contributions,
        tuple((algorithm, cluster, name) for algorithm, cluster, name in segments),
    )


def read_key_type(database: Database, bi: str) -> KeyType:
    """The type of the customers' keys in a space."""
    return KeyType(database.value("reports/key_type", {"schema": bi}))


def _require_space(database: Database, bi: str) -> None:
    if not _has_view(database, bi, "snapshots"):
        raise NothingPublishedError(
            f"{bi}.snapshots: there is no such view, or this login may not read it; the DAG's first"
            " run makes it, and role bi_reader reads it"
        )


def _has_view(database: Database, bi: str, view: str) -> bool:
    return bool(database.value("reports/has_view", {"schema": bi, "view": view}))


Read = Callable[[type[Kind], str, dict[str, Any]], tuple[Kind, ...]]


def _reader(database: Database, scope: Scope) -> Read[Any]:
    def read(kind: type[Kind], name: str, parameters: dict[str, Any]) -> tuple[Kind, ...]:
        return _all(database, kind, name, parameters, {"bi": scope.bi})

    return read


def _all(
    database: Database,
    kind: type[Kind],
    name: str,
    parameters: dict[str, Any],
    names: dict[str, str],
) -> tuple[Kind, ...]:
    """The rows of a statement whose columns are the fields of a kind of figure."""
    return tuple(kind(**record) for record in database.records(name, parameters, **names))
