"""Rows of ``map_layouts``: the map of an encoder, laid out once and read by all its snapshots."""

import json
import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from kindred.encoding import encoder_versions
from kindred.encoding.embeddings import Embeddings
from kindred.encoding.vectors import embeddings_as_of
from kindred.maps.landmarks import find_landmarks
from kindred.maps.laying_out import lay_out, means_of_groups
from kindred.maps.layout import Layout
from kindred.maps.placing import place
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.public_graph import public_part
from kindred.run.context import SEED, Run
from kindred.run.machine import cores
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)


def points_of(run: Run, warehouse: Database, embeddings: Embeddings) -> np.ndarray:
    """The points that the map is made of, float32 (customers, dimensions).

    They are the vectors, without what readers must not learn of private columns.
    """
    # Imported here because numba takes half a second to import, and most tasks never need it.
    from kindred.neighbours.tiles import searchable

    vectors, hidden = embeddings.vectors, run.spec.hidden_features
    if hidden:
        blocks = encoder_versions.read(warehouse, embeddings.encoder_version).column_blocks
        vectors = public_part(vectors, blocks, hidden)
    return searchable(vectors, run.spec.metric)


def layout_of_encoder(
    run: Run, warehouse: Database, version: int, own: tuple[Embeddings, np.ndarray] | None = None
) -> Layout:
    """The map of an encoder: of the customers it was fitted on, laid out once and stored.

    It does not depend on which snapshot asks first, so the order of the dates does not matter.
    ``own``: the embeddings and points of the run's snapshot, which may be those customers.
    """
    wanted = {"metric": run.spec.metric, "hidden": list(run.spec.hidden_features)}
    names = {"encoder_version": version, "settings": json.dumps(wanted, sort_keys=True)}
    row = warehouse.row("maps/read_layout", names)
    if row is None:
        made = _laid_out(run, warehouse, version, own)
        warehouse.run("maps/insert_layout", names | _as_row(made))
        row = warehouse.row("maps/read_layout", names)  # maybe that of a faster run
        if row is None:
            return made
    return _from_row(*row)


def _laid_out(
    run: Run, warehouse: Database, version: int, own: tuple[Embeddings, np.ndarray] | None
) -> Layout:
    fitted_as_of = encoder_versions.fitted_as_of(warehouse, version)
    fitted = own
    if fitted is None or fitted_as_of != run.as_of or version != run.encoder_version:
        fitted = _as_of(run, warehouse, fitted_as_of, version)
    embeddings, points = fitted
    threads = cores(run.settings.graph_threads)
    distinct = find_distinct(points, eligible(run.spec.metric, points))
    content = distinct.content_order
    landmarks = find_landmarks(
        points[distinct.first_rows[content]], distinct.sizes[content], seed=SEED, threads=threads
    )
    before = warehouse.value("maps/encoder_before", {"version": version})
    groups, start = _nearest(points, landmarks, threads), None
    if before is not None and len(landmarks):
        start = _places_before(
            run, warehouse, before, fitted_as_of, embeddings, groups, len(landmarks)
        )
    coordinates = lay_out(landmarks, np.bincount(groups, minlength=len(landmarks)), start)
    log.info(
        "laid out a map of %d landmarks for encoder %d%s",
        len(landmarks),
        version,
        "" if start is None else f", oriented by that of encoder {before}",
    )
    return Layout(landmarks, coordinates, None if start is None else before)


def _nearest(points: np.ndarray, landmarks: np.ndarray, threads: int) -> np.ndarray:
    """The nearest landmark of each point, int32 (points,); all 0 if there is none."""
    if len(landmarks) < 2:
        return np.zeros(len(points), dtype=np.int32)
    # Imported here because numba takes half a second to import, and most tasks never need it.
    from kindred.neighbours.list_training import nearest_of_all

    return nearest_of_all(points, landmarks, threads)


def _places_before(
    run: Run,
    warehouse: Database,
    version: int,
    as_of: datetime,
    embeddings: Embeddings,
    groups: np.ndarray,
    landmarks: int,
) -> np.ndarray:
    """Where the customers of each landmark lie on the map of an earlier encoder, on average.

    float64 (landmarks, 2); NaN for a landmark that has none.
    """
    layout = layout_of_encoder(run, warehouse, version)
    earlier, points = _as_of(run, warehouse, as_of, version)
    places = place(points, layout, threads=cores(run.settings.graph_threads))
    # Rows may have landed since the others were read.
    _, rows, then = np.intersect1d(
        embeddings.customers, earlier.customers, assume_unique=True, return_indices=True
    )
    return means_of_groups(places[then], groups[rows], landmarks)


def _as_of(
    run: Run, warehouse: Database, as_of: datetime, version: int
) -> tuple[Embeddings, np.ndarray]:
    """The customers as of a date by an encoder, and their points."""
    other = replace(run, build=replace(run.build, encoder_version=version))
    embeddings = embeddings_as_of(other, warehouse, as_of, "place_customers")
    return embeddings, points_of(run, warehouse, embeddings)


def _as_row(layout: Layout) -> dict[str, Any]:
    return {
        "dimensions": layout.landmarks.shape[1],
        "landmarks": layout.landmarks.astype("<f4").tobytes(),
        "coordinates": layout.coordinates.astype("<f4").tobytes(),
        "oriented_by": layout.oriented_by,
    }


def _from_row(
    dimensions: int, landmarks: memoryview, coordinates: memoryview, oriented_by: int | None
) -> Layout:
    return Layout(
        np.frombuffer(landmarks, dtype="<f4").reshape(-1, dimensions),
        np.frombuffer(coordinates, dtype="<f4").reshape(-1, 2),
        oriented_by,
    )
