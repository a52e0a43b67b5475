"""Tasks ``list_audiences``, ``train_audience`` and ``join_audiences``: who else is like the seeds.

What is wrong with one audience is its status: the night goes on without it.
"""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.audiences import audience_facts, audience_rows
from kindred.audiences.audience_checks import without_private
from kindred.audiences.audience_files import FACT, recorded_audiences, with_sql
from kindred.audiences.audience_rows import Members
from kindred.audiences.control_group import (
    control_warnings,
    is_control,
    keyed_hashes,
    reached_warnings,
)
from kindred.audiences.nearest_segments import nearest_segments
from kindred.audiences.outside_columns import labels_of
from kindred.audiences.populations import Populations, seed_counts
from kindred.audiences.resolution import populations_of, rows_of
from kindred.audiences.result_rows import measure_results
from kindred.audiences.status import Status
from kindred.audiences.stored_ids import exported_members
from kindred.audiences.trained import Trained
from kindred.audiences.training import train
from kindred.audiences.training_memory import training_megabytes
from kindred.encoding import encoder_versions
from kindred.encoding.embeddings import Embeddings
from kindred.encoding.vectors import read_embeddings
from kindred.errors import (
    ArtefactError,
    AudienceError,
    AudienceUnreachableError,
    SettingsError,
)
from kindred.neighbours.public_graph import public_part
from kindred.run.context import Run
from kindred.run.machine import cores
from kindred.run.memory import require_memory
from kindred.segments.profiles import profile_rows
from kindred.spec.audiences import Audience
from kindred.spec.clustering import Algorithm
from kindred.warehouse.copy_writer import Array
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

MADE_BY = "train_audience"
NO_MEMORY = "a task has too little memory for it; raise KINDRED_MEMORY_LIMIT_MB or use a larger one"
CAUSES = (AudienceError, MemoryError, SettingsError, np.linalg.LinAlgError)
"""What an audience may fail by while the night goes on."""
NO_MODEL = "no model could be fitted to its seeds; the log of task train_audience says why"


@dataclass(frozen=True, eq=False)
class Made:
    """A trained audience, from whom it was trained, and who of its customers is control.

    ``reached``: of the control group, those whom an earlier export had as members.
    """

    populations: Populations
    trained: Trained
    is_control: NDArray[np.bool_]
    reached: int = 0

    def facts(self, asked: Audience) -> dict[str, Any]:
        """What a build records of it."""
        sizes, counts = self.trained.sizes, self.trained.counts
        warnings = control_warnings(self.is_control, sizes, counts, asked.control_share)
        warnings += reached_warnings(self.reached)
        return audience_facts.of_trained(asked, self.populations, self.trained, warnings)


def list_audiences(run: Run) -> list[str]:
    """The audiences whose files ``prepare`` could read; each becomes one mapped task."""
    return [file.name for file in recorded_audiences(run.build.facts) if file.audience is not None]


def train_audience(run: Run, audience: str) -> dict[str, Any]:
    """Train one audience, write its members to an artefact, and record what became of it.

    Raises
    ------
    AudienceUnreachableError
        when a source cannot be reached or has ended the session, so that another try may do.
    """
    [asked] = [
        file.audience
        for file in recorded_audiences(run.build.facts)
        if file.name == audience and file.audience is not None
    ]
    with run.warehouse(MADE_BY) as warehouse:
        embeddings = read_embeddings(run, run.key_type(warehouse))
        try:
            made = make_audience(run, warehouse, with_sql(asked), embeddings)
        except AudienceUnreachableError as error:  # it may pass: the task is tried again
            reason = without_private(error.reason, run.spec.private)
            raise AudienceUnreachableError(error.status, reason, error.seeds) from error
        except CAUSES as error:
            status, reason, seeds = why(error)
            reason = without_private(reason, run.spec.private)
            log.warning(
                "audience %s: %s (%s)", audience, reason, type(error.__cause__ or error).__name__
            )
            named = audience_facts.used_columns(asked)
            used = [column for column in named if column not in run.spec.private]
            facts = audience_facts.without_members(audience, status, reason, used, seeds)
        else:
            facts = made.facts(asked)
            _write(run, audience, made)
        run.add_facts(warehouse, **{audience_facts.fact_of(audience): facts})
    row = facts["row"]
    log.info("audience %s: %s, %s", audience, row["status"], row["reason"] or row["method"])
    return {"audience": audience, "status": row["status"]}


def why(error: Exception) -> tuple[str, str, dict[str, int]]:
    """The status of an audience that could not be made, the reason in words, and its seeds."""
    if isinstance(error, AudienceError):
        return error.status, error.reason, error.seeds
    if isinstance(error, SettingsError):  # which `require_memory` raises
        return Status.FAILED, str(error), {}
    return Status.FAILED, NO_MEMORY if isinstance(error, MemoryError) else NO_MODEL, {}


def make_audience(run: Run, warehouse: Database, asked: Audience, embeddings: Embeddings) -> Made:
    """Find the populations of an audience, train it and draw its control group.

    It stores the ids that are found, and the key of the group at its first use.

    Raises
    ------
    AudienceError
        when it has no members, with the reason in words.
    """
    found = populations_of(run, warehouse, asked, embeddings)
    try:
        return _made(run, warehouse, asked, embeddings, found)
    except CAUSES as error:
        status, reason, _ = why(error)
        counted = seed_counts(found.given, found.known, len(found.seeds))
        raise AudienceError(status, reason, counted) from error


def _made(
    run: Run, warehouse: Database, asked: Audience, embeddings: Embeddings, found: Populations
) -> Made:
    _require_memory(run, asked, embeddings, found)
    encoder = encoder_versions.read(warehouse, run.encoder_version)
    vectors = embeddings.vectors
    if run.spec.hidden_features:
        vectors = public_part(vectors, encoder.column_blocks, run.spec.hidden_features)
    key = audience_rows.key_of(warehouse, run.spec.space, asked.name)
    keys = embeddings.key_type.to_python(embeddings.customers)
    of_group, of_training = keyed_hashes(key, keys)
    del keys
    trained = train(
        vectors,
        found,
        of_training,
        asked.sizes,
        blocks={
            column: block
            for column, block in encoder.column_blocks.items()
            if column not in run.spec.private
        },
        labels=labels_of(run, warehouse, embeddings, audience_facts.used_columns(asked)),
        threads=cores(run.settings.graph_threads),
    )
    control = is_control(of_group[trained.order], asked.control_share)
    exported = rows_of(embeddings.customers, exported_members(run, warehouse, asked.name))
    reached = np.isin(trained.order[control], exported)
    return Made(found, trained, control, int(reached.sum()))


def _require_memory(run: Run, asked: Audience, embeddings: Embeddings, found: Populations) -> None:
    shape, seeds = embeddings.vectors.shape, len(found.seeds)
    others = shape[0] - seeds if found.others is None else len(found.others)
    threads = cores(run.settings.graph_threads)
    megabytes = training_megabytes(shape, seeds, others, len(found.pool), threads)
    if run.spec.hidden_features:  # a copy of the vectors without them
        megabytes += embeddings.vectors.nbytes // 2**20
    require_memory(run, MADE_BY, f"audience {asked.name} of {shape[0]} customers", megabytes)


def _write(run: Run, audience: str, made: Made) -> None:
    trained = made.trained
    arrays: dict[str, Array] = {
        "order": trained.order,
        "scores": trained.scores,
        "percentiles": trained.percentiles,
        "reasons": trained.reasons,
        "is_control": made.is_control,
        "seeds": made.populations.seeds,
    }
    if trained.probabilities is not None:
        arrays["probabilities"] = trained.probabilities
    run.folder.write(_artefact_of(audience), arrays, {"state": trained.state})


def join_audiences(run: Run) -> dict[str, Any]:
    """Fill the table of members aside, and record what became of every audience.

    It also runs where a task before it has failed: an audience of which no task said anything has
    failed. Before there are segments it leaves everything as it is: nothing will be published.
    """
    facts = run.reopened().build.facts
    files = facts.get(FACT, [])
    if "cluster_quality" not in facts:
        log.warning("there are no segments yet: no audience was joined")
        return {"failed": {}}
    with run.warehouse("join_audiences") as warehouse:
        found = audience_facts.joined(files, facts)
        members = _load(run, warehouse, found, facts["cluster_quality"])
        rows = [one["row"] for one in found]
        quality = [
            {"audience": one["row"]["audience"], **row} for one in found for row in one["quality"]
        ]
        run.add_facts(
            warehouse,
            audience_rows=rows,
            audience_quality=quality,
            audience_overlap=members.overlaps,
            audience_members=members.counts,
            audience_results=measure_results(run, warehouse, audience_facts.outcomes_of(files)),
        )
    log.info("%d audiences have %d customers", len(members.counts), sum(members.counts.values()))
    return {
        "failed": {row["audience"]: row["reason"] for row in rows if row["status"] == Status.FAILED}
    }


@dataclass(frozen=True)
class Loaded:
    """Rows that were loaded by audience, and who shares how many members."""

    counts: dict[str, int]
    overlaps: list[dict[str, Any]]


def _load(
    run: Run,
    warehouse: Database,
    found: list[dict[str, Any]],
    qualities: list[dict[str, Any]],
) -> Loaded:
    """Load the members of all audiences; in ``found`` one whose artefact is damaged has failed."""
    schema, wait_seconds = run.spec.internal_schema, run.settings.lock_wait_seconds
    embeddings = read_embeddings(run, run.key_type(warehouse))
    segments = _Segments(run, warehouse, embeddings, qualities)
    counts, members = {}, {}
    for place, one in enumerate(found):
        row, name = one["row"], one["row"]["audience"]
        try:
            rows = _read(run, row, embeddings, segments)
        except ArtefactError as error:
            failed = audience_facts.without_members(name, Status.FAILED, str(error))
            found[place] = {**failed, "row": {**failed["row"], "settings": row["settings"]}}
            rows = None
        if rows is None:
            audience_rows.load_nobody(warehouse, schema, run.as_of, name, wait_seconds=wait_seconds)
            continue
        row["segments_by"] = segments.algorithm
        block_rows = run.settings.block_rows
        counts[name] = audience_rows.load(
            warehouse, schema, rows, block_rows=block_rows, wait_seconds=wait_seconds
        )
        members[name] = rows.rows[~rows.is_control]
    return Loaded(counts, audience_facts.overlaps(members, len(embeddings.customers)))


def _read(
    run: Run, row: dict[str, Any], embeddings: Embeddings, segments: "_Segments"
) -> Members | None:
    """The members of an audience as its task left them; None if it has none."""
    if row["status"] != Status.PUBLISHED:
        return None
    arrays = run.folder.read(_artefact_of(row["audience"]), MADE_BY).arrays
    order = arrays["order"]
    return Members(
        run.as_of,
        row["audience"],
        embeddings.key_type,
        order,
        embeddings.customers[order],
        arrays["scores"],
        arrays["percentiles"],
        arrays.get("probabilities"),
        arrays["is_control"],
        arrays["reasons"],
        segments.nearest(arrays["seeds"], order),
        tuple(row["sizes"]),
        tuple(row["counts"]),
    )


class _Segments:
    """The segments of the first algorithm that readers see, or of none."""

    def __init__(
        self,
        run: Run,
        warehouse: Database,
        embeddings: Embeddings,
        qualities: list[dict[str, Any]],
    ) -> None:
        hidden = {entry["algorithm"] for entry in qualities if entry.get("revealed")}
        # The lists of an index depend on the order in which its customers came.
        shown = (
            str(algorithm)
            for algorithm in run.spec.clustering.algorithms
            if algorithm is not Algorithm.IVFFLAT and str(algorithm) not in hidden
        )
        self.algorithm = next(shown, None)
        self._metric = run.spec.metric
        self._vectors = embeddings.vectors
        self._hidden = run.spec.hidden_features
        self._blocks = (
            encoder_versions.read(warehouse, run.encoder_version).column_blocks
            if self._hidden
            else {}
        )
        if self.algorithm is not None:
            self._labels = profile_rows.read_segmentation(
                warehouse,
                profile_rows.table_of(warehouse, run.as_of),
                self.algorithm,
                len(embeddings.customers),
                block_rows=run.settings.block_rows,
            ).labels

    def nearest(self, seeds: NDArray[np.int32], members: NDArray[np.int32]) -> NDArray[np.int32]:
        """The label of the seeds' segment that each member is nearest to, -1 for none."""
        if self.algorithm is None:
            return np.full(len(members), -1, dtype=np.int32)
        of_seeds, of_members = (
            public_part(self._vectors[rows], self._blocks, self._hidden)
            for rows in (seeds, members)
        )
        return nearest_segments(of_seeds, self._labels[seeds], of_members, self._metric)


def _artefact_of(audience: str) -> str:
    return f"audience_{audience}"
