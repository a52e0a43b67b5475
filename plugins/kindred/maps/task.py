"""place_customers: two coordinates per customer, and how faithful the map is."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.encoding.vectors import read_embeddings
from kindred.maps import map_rows
from kindred.maps.density import CellCounts, cell_size, count_cells
from kindred.maps.faithfulness import measure
from kindred.maps.layout_rows import layout_of_encoder, points_of
from kindred.maps.map_memory import PLACED_ROW_BYTES, place_megabytes
from kindred.maps.map_rows import CustomerMap
from kindred.maps.placing import place
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.graph_artefacts import read_plan
from kindred.run.context import SEED, Run
from kindred.run.machine import cores
from kindred.run.memory import with_fitting_blocks

log = logging.getLogger(__name__)

PLACES = "places"
MADE_BY = "place_customers"


def place_customers(run: Run) -> dict[str, Any]:
    """Fill the table of the map aside: each customer by its vector and the encoder's map alone."""
    metric, hidden = run.spec.metric, run.spec.hidden_features
    threads = cores(run.settings.graph_threads)
    with run.warehouse(MADE_BY) as warehouse:
        embeddings = read_embeddings(run, run.key_type(warehouse))
        shape = embeddings.vectors.shape
        run = with_fitting_blocks(
            run,
            MADE_BY,
            f"map of {shape[0]} customers",
            place_megabytes(shape, hides=bool(hidden)),
            PLACED_ROW_BYTES,
        )
        points = points_of(run, warehouse, embeddings)
        layout = layout_of_encoder(run, warehouse, run.encoder_version, (embeddings, points))
        places = place(points, layout, threads=threads)
        distinct = (
            find_distinct(points, eligible(metric, points)) if hidden else read_plan(run).distinct
        )
        shown = distinct.first_rows[distinct.content_order]
        found = measure(points[shown], places[shown], metric, seed=SEED, threads=threads)
        rows = map_rows.load(
            warehouse,
            run.spec.internal_schema,
            CustomerMap(run.as_of, embeddings, places),
            block_rows=run.settings.block_rows,
            wait_seconds=run.settings.lock_wait_seconds,
        )
        run.folder.write(PLACES, {PLACES: places}, {})
        figures = {
            "customers": rows,
            "landmarks": len(layout.landmarks),
            **asdict(found),
            "cell_size": cell_size(places),
        }
        run.add_facts(warehouse, map=figures)
    log.info("placed %d customers: %s", rows, figures)
    return figures


def count_on_map(run: Run, labels: Mapping[str, NDArray[np.int32]]) -> dict[str, CellCounts]:
    """Count the customers in each cell of the map, all and by the ``labels`` of each algorithm.

    Raises
    ------
    ArtefactError
        when the places of ``place_customers`` are gone.
    """
    places = run.folder.read(PLACES, MADE_BY).arrays[PLACES]
    return count_cells(places, run.build.facts["map"]["cell_size"], labels)
