"""What readers may see of the segments of several nights where columns are private.

A few thousand customers of each snapshot are kept with their vectors and labels. Publish judges by
them, newest night first, how much of the private columns the segments of all published nights
would give away together; those that would give away too much are not shown.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from kindred.encoding import encoder_versions
from kindred.encoding.categories import CategoryBlock
from kindred.encoding.encoder import FittedEncoder
from kindred.progress.steps import step
from kindred.run.context import Run
from kindred.segments.profiles.joint_disclosure import (
    LEAST_SAMPLED,
    SAMPLED,
    Attack,
    PrivateColumn,
    SeenNight,
    in_random_order,
    revealed_beside_newer,
)
from kindred.segments.profiles.task import MADE_BY as SAMPLED_BY
from kindred.segments.profiles.task import SAMPLE
from kindred.spec.clustering import Algorithm
from kindred.warehouse import statements
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import (
    Array,
    Column,
    Field,
    RowStream,
    encode_rows,
    moment_column,
)
from kindred.warehouse.database import Database
from kindred.warehouse.keys import concatenate_keys, empty_keys

log = logging.getLogger(__name__)

TABLE = "disclosure_samples"
COLUMNS = ("as_of", "customer_id", "numbers")
MOST_JUDGED = 32
"""Newest nights that are judged together; older ones are not known to give nothing away."""
CONVEX = frozenset({Algorithm.KMEANS, Algorithm.IVFFLAT})


@dataclass(frozen=True, eq=False)
class Night:
    """A published snapshot, or the one that is about to be.

    ``hidden``: those of its ``algorithms`` that readers do not see as it is. ``is_sampled``: no
    snapshot is that an earlier release has published.
    """

    as_of: datetime
    encoder_version: int
    algorithms: Sequence[str]
    hidden: Sequence[str]
    is_sampled: bool = True

    @property
    def shown(self) -> list[str]:
        """The algorithms whose segments readers would see."""
        return [name for name in self.algorithms if name not in self.hidden]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is not to be seen: of the snapshot itself, and from now on of others."""

    own: Sequence[str] = ()
    of_others: Mapping[datetime, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Sample:
    """Some customers of a night: keys, a label per algorithm and customer, and vectors."""

    customers: Array
    labels: Mapping[str, NDArray[np.int32]]
    vectors: NDArray[np.float64]
    encoder: FittedEncoder

    def public(self, private: Collection[str]) -> NDArray[np.float64]:
        """The dimensions of all other columns."""
        is_public = np.ones(self.vectors.shape[1], dtype=bool)
        for name in private & self.encoder.column_blocks.keys():
            is_public[slice(*self.encoder.column_blocks[name])] = False
        return self.vectors[:, is_public]

    def column(self, name: str) -> PrivateColumn:
        """The values of one column."""
        block = self.vectors[:, slice(*self.encoder.column_blocks[name])]
        return PrivateColumn(block, isinstance(self.encoder.blocks[name], CategoryBlock))

    def seen_by(self, customers: Array, private: Collection[str], shown: list[str]) -> SeenNight:
        """What readers know of some customers, who need not have been there."""
        order = np.argsort(self.customers, kind="stable")
        places = np.searchsorted(self.customers, customers, sorter=order)
        rows = order[np.minimum(places, len(order) - 1)]
        labels = {name: self.labels[name][rows] for name in shown}
        return SeenNight(self.public(private)[rows], labels, self.customers[rows] == customers)


def judge(run: Run, warehouse: Database, hidden: Sequence[str], shared: datetime | None) -> Verdict:
    """Judge the segments of the run's snapshot together with those of all published ones.

    ``hidden``: its algorithms that give columns away by themselves. ``shared``: the snapshot whose
    rows it shares. The caller must hold ``Resource.PUBLISH``.
    """
    if not run.spec.hidden_features:
        return Verdict()
    algorithms = [str(algorithm) for algorithm in run.spec.clustering.algorithms]
    own = Night(run.as_of, run.encoder_version, algorithms, hidden)
    rows = warehouse.rows("segments/judged_snapshots", {"as_of": run.as_of})
    nights = sorted([own, *(Night(*row) for row in rows)], key=lambda n: n.as_of, reverse=True)
    nights = [night for night in nights if night.shown]
    unknown = [night for night in nights if not night.is_sampled]
    if any(night.as_of > own.as_of for night in unknown):
        log.warning("segments are not shown: an earlier release published a newer snapshot")
        return Verdict(own.shown)
    judged = [night for night in nights if night.is_sampled]
    judged, unjudged = judged[:MOST_JUDGED], [*judged[MOST_JUDGED:], *unknown]
    with step("judging segments", len(judged), "nights") as counted:
        found = _revealed(run, warehouse, judged, shared)
        counted.advance(len(judged))
    hides = {night.as_of: night.shown for night in unjudged}
    for night, revealed in zip(judged, found, strict=True):
        for algorithm, columns in revealed.items():
            log.warning(
                "the segments of %s of %s are not shown to readers, as beside those of newer nights"
                " they would give private columns away (%s): lower the weights of these columns",
                algorithm,
                night.as_of.isoformat(),
                ", ".join(columns),
            )
        if revealed:
            hides[night.as_of] = list(revealed)
    return Verdict(hides.pop(own.as_of, ()), hides)


def carry_out(run: Run, warehouse: Database, verdict: Verdict, shared: datetime | None) -> None:
    """Hide segments of other snapshots, and keep the sample; inside publish's transaction."""
    for as_of, algorithms in verdict.of_others.items():
        names = {"as_of": as_of, "algorithms": list(algorithms)}
        warehouse.run("segments/hide_segments", names)
    warehouse.run("publication/delete_snapshot_rows", {"as_of": run.as_of}, table=TABLE)
    if not run.spec.hidden_features:
        return
    if shared is not None:
        warehouse.run("segments/share_sample", {"as_of": run.as_of, "stored": shared})
        return
    key_type = run.key_type(warehouse)
    found = run.folder.read(SAMPLE, SAMPLED_BY).arrays
    rows = encode_rows(
        [
            moment_column(run.as_of, len(found["customers"])),
            key_type.column(found["customers"]),
            Column(Field.FLOAT8_ARRAY, found["numbers"]),
        ]
    )
    warehouse.copy_in(TABLE, COLUMNS, RowStream([rows]))


def _revealed(
    run: Run, warehouse: Database, nights: Sequence[Night], shared: datetime | None
) -> list[dict[str, list[str]]]:
    """Per night, newest first, the private columns that each algorithm would give away."""
    found: list[dict[str, list[str]]] = [{} for _ in nights]
    if not nights:
        return found
    newest = _read(run, warehouse, nights[0], shared)
    private = set(run.spec.hidden_features)
    columns = {
        name: newest.column(name)
        for name in run.spec.hidden_features
        if name in newest.encoder.blocks
    }
    if len(newest.customers) < LEAST_SAMPLED or not columns:
        return found
    attack = Attack(newest.public(private), columns)
    samples = (_read(run, warehouse, night, shared) for night in nights[1:])
    seen = (
        sample.seen_by(newest.customers, private, night.shown)
        for sample, night in zip(chain([newest], samples), nights, strict=True)
    )
    return revealed_beside_newer(attack, seen, CONVEX)


def _read(run: Run, warehouse: Database, night: Night, shared: datetime | None) -> _Sample:
    """The sample of a night, in random order."""
    encoder = encoder_versions.read(warehouse, night.encoder_version)
    if night.as_of == run.as_of and shared is None:
        found = run.folder.read(SAMPLE, SAMPLED_BY).arrays
        customers, numbers = found["customers"], found["numbers"]
    else:
        as_of = shared if shared is not None and night.as_of == run.as_of else night.as_of
        customers, numbers = _stored(
            run, warehouse, as_of, len(night.algorithms) + encoder.dimensions
        )
    order = in_random_order(customers)
    labels, vectors = np.split(numbers[order], [len(night.algorithms)], axis=1)
    by_name = dict(zip(night.algorithms, labels.T.astype(np.int32), strict=True))
    return _Sample(customers[order], by_name, vectors, encoder)


def _stored(
    run: Run, warehouse: Database, as_of: datetime, width: int
) -> tuple[Array, NDArray[np.float64]]:
    key_type = run.key_type(warehouse)
    blocks: list[list[Array]] = [[np.empty((0, width)), empty_keys(key_type)]]

    def collect(block: list[Array]) -> None:
        numbers, keys = block
        blocks.append([numbers, key_type.from_copy(keys)])

    fields = [Field.FLOAT8_ARRAY, key_type.field]
    reader = BlockReader(fields, collect, block_rows=SAMPLED, dimensions=width)
    query = statements.compose("segments/read_sample")
    warehouse.copy_out(query, reader, {"as_of": as_of})
    reader.flush()
    numbers, keys = zip(*blocks, strict=True)
    return concatenate_keys(key_type, keys), np.concatenate(numbers)
