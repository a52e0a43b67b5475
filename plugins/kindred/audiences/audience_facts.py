"""What a build records of an audience, as plain JSON: the rows that publish will write."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.calibration import TENTHS
from kindred.audiences.populations import Populations, seed_counts
from kindred.audiences.status import Status
from kindred.audiences.trained import CalibrationRow, Trained
from kindred.spec.audiences import Audience

Facts = dict[str, Any]

PROBABILITY = "probability"
"""The method of the rows of ``audience_quality`` that say how right probabilities are."""
KILLED = "its task ended without a word (was it killed?); see the log of task train_audience"


def fact_of(name: str) -> str:
    """The key of a build's facts that holds what became of an audience."""
    return f"audience:{name}"


def without_members(
    name: str,
    status: Status | str,
    reason: str,
    used: Sequence[str] = (),
    seeds: Mapping[str, int] | None = None,
) -> Facts:
    """The facts of an audience that has no members, and why.

    ``used``: the columns that the reason may say something of, such as how many have a label.
    ``seeds``: what was counted of them, see ``seed_counts``.
    """
    row = {
        "audience": name,
        "status": str(status),
        "reason": reason,
        **(seeds or {}),
        "warnings": [],
        "used_columns": list(used),
        "reason_columns": [],
    }
    return {"row": row, "quality": []}


def of_trained(
    asked: Audience, populations: Populations, trained: Trained, warnings: Sequence[str] = ()
) -> Facts:
    """The facts of an audience that has been trained; ``warnings``: beside those of training."""
    row = {
        "audience": asked.name,
        "status": str(Status.PUBLISHED),
        "reason": None,
        **seed_counts(populations.given, populations.known, len(populations.seeds)),
        "contacted": None if populations.contacted is None else len(populations.contacted),
        "pool": trained.pool,
        "method": trained.method,
        "sizes": list(trained.sizes),
        "counts": [int(count) for count in trained.counts],
        "cutoffs": [float(cutoff) for cutoff in trained.cutoffs],
        "control_share": asked.control_share,
        "brier": trained.brier,
        "brier_base": trained.brier_base,
        "warnings": [*populations.warnings, *trained.warnings, *warnings],
        "used_columns": used_columns(asked),
        "reason_columns": list(trained.columns),
    }
    return {"row": row, "quality": _quality_rows(trained)}


def used_columns(asked: Audience) -> list[str]:
    """The columns that its file names: who is a member depends on their values."""
    labels = [population.label or {} for population in asked.populations.values()]
    return sorted({name for named in (*labels, asked.pool or {}) for name in named})


def outcomes_of(files: Sequence[Facts]) -> dict[str, Facts | None]:
    """What each file, as ``prepare`` has recorded it, says its exports are judged by."""
    return {file["name"]: (file["settings"] or {}).get("outcome") for file in files}


def _quality_rows(trained: Trained) -> list[Facts]:
    rows = []
    for one in trained.quality:
        figures = asdict(one)
        rows.append({"method": str(figures.pop("ranking")), **figures})
    return rows + [_calibration_row(one) for one in trained.calibration]


def _calibration_row(one: CalibrationRow) -> Facts:
    figures = asdict(one)
    return {"method": PROBABILITY, "size": figures.pop("decile") / TENTHS, **figures}


def overlaps(members: Mapping[str, NDArray[np.int32]], customers: int) -> list[Facts]:
    """How many members each two audiences share, and which share of the first one's they are.

    ``members``: rows of the snapshot's ``customers``, by audience.
    """
    held = {}
    for name, rows in members.items():
        held[name] = np.zeros(customers, dtype=np.bool_)
        held[name][rows] = True
    return [
        {
            "audience": name,
            "other": other,
            "customers": (shared := int(np.count_nonzero(held[name] & held[other]))),
            "share": shared / max(1, len(members[name])),
        }
        for name in held
        for other in held
        if other != name
    ]


def joined(files: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> list[Facts]:
    """What became of every audience; of some, maybe, no task said anything.

    ``files`` is what ``prepare`` has recorded of them; ``facts`` is all that the build has.
    """
    found = []
    for file in files:
        name, settings = file["name"], file["settings"]
        recorded = None if settings is None else facts.get(fact_of(name))
        one = recorded or without_members(name, Status.FAILED, file["problem"] or KILLED)
        found.append({**one, "row": {**one["row"], "settings": settings}})
    return found
