"""Six hundred customers of whom a third has a clear taste, a campaign, and files of audiences.

Who has the taste has a high income and is young. Half of all customers were asked in the campaign;
of them nearly all with the taste have responded, and few of the others. The label ``bought`` says
the same of everybody, a little less clearly.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import yaml

from integration.warehouse import Laboratory, make_spec, moment
from kindred.spec.model import Spec

CUSTOMERS = 600
OPENED = "2026-01-01T12:00"
FIRST_NIGHT, NEXT_NIGHT = "2026-02-01T02:00", "2026-02-02T02:00"
ASKED_AT = "2026-01-10T09:00"
"""All are asked at this time; the responses come in the 20 days that follow."""

COLUMNS = (
    "customer_id bigint, updated_at timestamptz, income double precision, age integer, state text,"
    " bought text"
)
RESPONDERS = "customer_id bigint, campaign text, responded_at timestamptz"
CONTACTED = "customer_id bigint, contacted_at timestamptz"
OPT_OUTS = "customer_id bigint"
LABEL = "bought"
FEATURES = {"income": "numeric", "age": "numeric", "state": "categorical"}

RESPONDED = "select customer_id from responders where campaign = 'spring' and responded_at < :as_of"
ASKED = "select customer_id from contacted where contacted_at < :as_of"
SIZES = ["5%", "10%", "20%"]
BY_QUERY: dict[str, Any] = {"seed": {"query": RESPONDED}, "sizes": SIZES}
BY_LABEL: dict[str, Any] = {"seed": {"label": {LABEL: "yes"}}, "sizes": SIZES}
BY_CONTACT: dict[str, Any] = {
    "seed": {"query": RESPONDED},
    "contacted": {"query": ASKED},
    "exclude": {"table": "opt_outs"},
    "sizes": SIZES,
}
AUDIENCES = {"responders": BY_QUERY, "buyers": BY_LABEL, "asked": BY_CONTACT}
"""Content of audience files that can be made, by name."""


def scene_spec(space: str = "default", **changes: Any) -> Spec:
    """The spec of the scene, with changes as in ``make_spec``."""
    content: dict[str, Any] = {
        "features": FEATURES,
        "labels": [LABEL],
        "clustering": {"algorithms": ["kmeans"], "kmeans": {"k": 3}},
        "refit": "never",
        "gates": {"max_drift": 100.0},
    }
    return make_spec(space, **{**content, **changes})


def tastes(count: int = CUSTOMERS) -> np.ndarray:
    """Whether each customer has the taste, bool (count,): customer 1 comes first."""
    return np.arange(count) % 3 == 0


def customers(count: int = CUSTOMERS, seed: int = 5) -> list[tuple[Any, ...]]:
    """Rows of ``COLUMNS``, all there when the scene opens."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[Any, ...]] = []
    for number, likes in enumerate(tastes(count)):
        has_bought = rng.random() < (0.7 if likes else 0.05)
        rows.append(
            (
                number + 1,
                moment(OPENED) + timedelta(seconds=number),
                float(np.round(rng.normal(60_000 if likes else 35_000, 9_000), 2)),
                int(rng.integers(20, 40) if likes else rng.integers(30, 75)),
                ("CA", "NY", "TX")[int(rng.integers(3))],
                "yes" if has_bought else "no",
            )
        )
    return rows


def asked(count: int = CUSTOMERS) -> list[int]:
    """The ids of those who were asked: every second customer."""
    return list(range(1, count + 1, 2))


def responders(count: int = CUSTOMERS, seed: int = 6) -> list[int]:
    """The ids of those who have responded to the campaign: some of the asked."""
    rng = np.random.default_rng(seed)
    likes = tastes(count)
    return [one for one in asked(count) if rng.random() < (0.85 if likes[one - 1] else 0.04)]


def opt_outs(count: int = CUSTOMERS) -> list[int]:
    """The ids of those who want to be in no list: every fortieth customer."""
    return list(range(40, count + 1, 40))


def open_scene(laboratory: Laboratory, count: int = CUSTOMERS) -> None:
    """Fill the source: customers, responders, contacted, opt_outs."""
    laboratory.fill("customers", COLUMNS, customers(count))
    answers = [
        (one, "spring", moment(ASKED_AT) + timedelta(days=position % 20, hours=1))
        for position, one in enumerate(responders(count))
    ]
    laboratory.fill("responders", RESPONDERS, answers)
    laboratory.fill("contacted", CONTACTED, [(one, moment(ASKED_AT)) for one in asked(count)])
    laboratory.fill("opt_outs", OPT_OUTS, [(one,) for one in opt_outs(count)])


def write_audiences(folder: Path, audiences: dict[str, dict[str, Any]]) -> None:
    """Write one file per audience into a folder, which then holds no other."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.yaml"):
        path.unlink()
    for name, content in audiences.items():
        text = yaml.safe_dump(content, sort_keys=False)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


@contextmanager
def audiences_in(folder: Path | str) -> Iterator[None]:
    """Let ``prepare`` read the audience files of a folder, or of folders separated as in PATH."""
    with patch.dict(os.environ, {"KINDRED_AUDIENCES": str(folder)}):
        yield
