"""Measure the recommendations of a space: as they would have been some weeks before a date."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from kindred.encoding.encoder import fit_encoder
from kindred.encoding.items_block import fit_profile
from kindred.encoding.text_embedding import embed_new_texts, embedder
from kindred.errors import DataError
from kindred.events.event_rows import read_events
from kindred.events.feature_values import columns_read, compute_features
from kindred.events.lines import EventRows
from kindred.events.ownership import ItemCounts
from kindred.history import snapshot_customers
from kindred.history.column_expressions import feature_expression
from kindred.history.versions import column_types
from kindred.recommendations.quality import Quality, measure_quality
from kindred.recommendations.recommendation_memory import quality_megabytes
from kindred.recommendations.similar_by import (
    Part,
    Vectors,
    are_items_private,
    compared_blocks,
    part_of,
    settings_of,
    side_by_side,
)
from kindred.recommendations.splits import (
    SAMPLE_CUSTOMERS,
    Split,
    moments_of,
    split_lines,
)
from kindred.run import builds
from kindred.run.context import SEED, Run
from kindred.run.machine import cores
from kindred.run.memory import require_memory
from kindred.spec.event_columns import ITEM
from kindred.spec.features import EventFeature, Feature, ItemsFeature
from kindred.warehouse.copy_writer import Array, microseconds_of
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

MADE_BY = "measure_recommendations"
LEAST_TESTED = 30
"""Customers below which a mean has no normal interval: the usual rule of thumb."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotMeasurableError(DataError):
    """The quality cannot be measured; the text is for readers, and names no customer."""


@dataclass(frozen=True)
class Measurement:
    """The quality, and the moments between which purchases were to be predicted."""

    quality: Quality
    start: datetime
    end: datetime


def measure(run: Run, warehouse: Database, as_of: datetime) -> Measurement:
    """Measure the quality as of a date.

    Raises
    ------
    NotMeasurableError
        when there is too little history, or too few customers to test.
    DataError
        when no encoder can be fitted on what was known before.
    SettingsError
        when it does not fit into the memory of a task.
    """
    asked = settings_of(run.spec)
    if are_items_private(run.spec):
        raise NotMeasurableError("the items are private: no recommendations are shown")
    if not compared_blocks(run.spec):
        raise NotMeasurableError(
            "the buying profiles of similar_by are private: everybody gets the most popular items"
        )
    keys = _sample(run, warehouse, as_of)
    events = {
        name: _read(run, warehouse, name, keys, as_of)
        for name in sorted({asked.of, *(one.of for one in _event_features(run).values())})
    }
    bought = events[asked.of]
    moments = moments_of(bought.lines, microseconds_of(as_of))
    if moments is None:
        raise NotMeasurableError(
            f"the events of {asked.of!r} before {as_of.isoformat()} span less than a test needs:"
            " five days"
        )
    shape = len(keys), len(bought.items)
    splits = [
        split_lines(bought.lines, moment, end, *shape, asked.owned_days)
        for moment, end in pairwise(moments)
    ]
    for split in splits:
        if len(split.tested) < LEAST_TESTED:
            raise NotMeasurableError(
                f"{len(split.tested)} customers bought something new in the time from"
                f" {_moment(split.moment).isoformat()} on, {LEAST_TESTED} are needed"
            )
    _require_memory(run, splits[1])
    encoders = _Encoders(run, warehouse, keys, events)
    quality = measure_quality(
        *splits,
        encode=encoders.encode,
        neighbours=asked.neighbours,
        count=asked.items,
        seed=SEED,
        threads=encoders.threads,
    )
    start, end = _moment(moments[1]), _moment(moments[2])
    quality = quality.of_lists_with(compared_blocks(run.spec), encoders.features_at(start))
    return Measurement(quality, start, end)


def _sample(run: Run, warehouse: Database, as_of: datetime) -> Array:
    """The keys of at most `SAMPLE_CUSTOMERS` customers as of a date, ascending."""
    if as_of == run.as_of:
        customers = snapshot_customers.customers_of(warehouse, run)
    else:
        customers = snapshot_customers.customers_as_of(run.spec, as_of)
    known = snapshot_customers.read_keys(warehouse, run, customers)
    if len(known) <= SAMPLE_CUSTOMERS:
        return known
    chosen = np.random.default_rng(SEED).choice(len(known), SAMPLE_CUSTOMERS, replace=False)
    return known[np.sort(chosen)]


def _event_features(run: Run) -> dict[str, EventFeature]:
    blocks = compared_blocks(run.spec)
    return {name: one for name, one in run.spec.event_features.items() if name in blocks}


def _read(run: Run, warehouse: Database, name: str, keys: Array, as_of: datetime) -> EventRows:
    features = [one for one in _event_features(run).values() if one.of == name]
    columns = {ITEM}.union(*map(columns_read, features))
    rows = read_events(warehouse, run, name, keys, as_of, columns=columns, stage=MADE_BY)
    return rows.without_signs_of(run.spec.private)


def _require_memory(run: Run, test: Split) -> None:
    features = run.spec.features
    width = sum(features[name].max_width for name in compared_blocks(run.spec))
    shape, purchases = (test.before.shape[0], width), test.before.nnz + test.new.nnz
    megabytes = quality_megabytes(
        shape, purchases, len(test.candidates), settings_of(run.spec).neighbours
    )
    require_memory(run, MADE_BY, f"quality for {shape[0]} customers", megabytes)


@dataclass(frozen=True)
class _Encoders:
    """Encoders of the compared features, fitted on what was known before a split.

    ``events``: the events of the customers with these ``keys``, by name.
    """

    run: Run
    warehouse: Database
    keys: Array
    events: Mapping[str, EventRows]

    @property
    def threads(self) -> int:
        """The threads to compute with, which change no result."""
        return cores(self.run.settings.graph_threads)

    def encode(self, split: Split) -> Vectors:
        """The vectors of all customers, as `side_by_side` returns them."""
        features = self.features_at(_moment(split.moment))
        columns: dict[str, Array] = {}
        parts = []
        for name, rows in self.events.items():
            of_these = {
                key: one
                for key, one in features.items()
                if isinstance(one, EventFeature) and one.of == name
            }
            before = rows.take(rows.lines.at < split.moment)
            found = compute_features(
                of_these, before, len(self.keys), split.moment, threads=self.threads
            )
            columns |= found.numbers
            parts += [_profile(one, found.purchases[key]) for key, one in _profiles(of_these)]
        others = {key: one for key, one in features.items() if not isinstance(one, ItemsFeature)}
        return side_by_side([*parts, *self._other_parts(others, columns, _moment(split.moment))])

    def features_at(self, moment: datetime) -> dict[str, Feature]:
        """The compared features; columns of customers only where their past is known."""
        spec = self.run.spec
        keeps_versions = spec.source.history == "versions"
        history = builds.history_of(self.warehouse, moment, keeps_versions=keeps_versions)
        return {
            name: spec.features[name]
            for name in compared_blocks(spec)
            if name in spec.event_features or history == "complete"
        }

    def _other_parts(
        self, features: Mapping[str, Feature], numbers: Mapping[str, Array], moment: datetime
    ) -> Sequence[Part]:
        """The blocks of features that are no buying profiles."""
        frame = pd.DataFrame(dict(numbers), index=range(len(self.keys)))
        is_known = np.ones(len(self.keys), dtype=np.bool_)
        if columns := [name for name in features if name not in numbers]:
            of_customers, is_known = self._customers(columns, moment)
            frame = frame.join(of_customers)
        if not features or not is_known.any():
            return []
        with embedder(self.run, MADE_BY) as embed:
            encoder = fit_encoder(
                features,
                frame[is_known],
                fitted_day=(moment - EPOCH) / timedelta(days=1),
                embed=embed,
            )
            vectors = encoder.transform(frame, embed)
        return [part_of(encoder, vectors, name) for name in encoder.blocks]

    def _customers(
        self, columns: Sequence[str], moment: datetime
    ) -> tuple[pd.DataFrame, np.ndarray[Any, np.dtype[np.bool_]]]:
        """Columns of the customers as of a moment, and who was known then."""
        types, spec = column_types(self.warehouse), self.run.spec
        customers = snapshot_customers.customers_as_of(spec, moment)
        if set(columns) & set(spec.sentence_columns):
            embed_new_texts(self.warehouse, spec, customers)
        expressions = {
            name: feature_expression(name, spec.features[name].kind, types[name])
            for name in columns
        }
        frames: list[pd.DataFrame] = [pd.DataFrame(columns=list(columns))]

        def collect(keys: Array, updated_at: Array, frame: pd.DataFrame) -> None:
            rows = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
            frame.index = pd.Index(rows)
            frames.append(frame[self.keys[rows] == keys])

        snapshot_customers.read_customers(self.warehouse, self.run, customers, collect, expressions)
        found = pd.concat([frame for frame in frames if len(frame)] or frames)
        rows = np.arange(len(self.keys))
        return found.reindex(rows), np.isin(rows, found.index)


def _profiles(features: Mapping[str, EventFeature]) -> list[tuple[str, ItemsFeature]]:
    return [(key, one) for key, one in features.items() if isinstance(one, ItemsFeature)]


def _profile(feature: ItemsFeature, purchases: ItemCounts) -> Part:
    """The buying profiles by a block that is fitted on these purchases."""
    block = fit_profile(feature, purchases)
    columns = np.zeros((purchases.counts.shape[0], block.width), dtype=np.float32)
    block.write(purchases, columns)
    return Part(block.profile_part(columns), is_of_items=True)


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
