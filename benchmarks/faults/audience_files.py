"""The audience files of a faults run.

An audience is known by its name, and a name belongs to one space. It draws the control group, so
the tables of two spaces differ: an undisturbed run for comparison has the same names, in another
database.
"""

import json
from pathlib import Path
from typing import Any

from benchmarks.faults.customers import PLAIN, WITH_AUDIENCES, Variant

ASKED, BROKEN, BUYERS = WITH_AUDIENCES.audiences
ASKED_QUERY = "select customer_id from people where updated_at < :as_of and customer_id % 2 = 0"


def file_name(space: str, audience: str) -> str:
    """The name of an audience of a space, at most 31 letters long.

    In a space, names sort as in ``Variant.audiences``.
    """
    number = WITH_AUDIENCES.audiences.index(audience)
    return f"{space.removeprefix(WITH_AUDIENCES.name[:2])}_{number}".lstrip("_")


def write_audiences(folder: Path, variant: Variant, space: str, table: str = PLAIN) -> None:
    """Write the files of a space; JSON is valid YAML. ``table``: where its seeds are read."""
    content = _contents(table)
    for audience in variant.audiences:
        text = json.dumps({"space": space, **content[audience]}, indent=1)
        (folder / f"{file_name(space, audience)}.yaml").write_text(text, encoding="utf-8")


def _contents(table: str) -> dict[str, dict[str, Any]]:
    """Every second customer was asked; the young ones and a few others have answered."""
    answered = "updated_at < :as_of and customer_id % 2 = 0 and (age < 45 or customer_id % 10 = 0)"
    return {
        ASKED: {
            "seed": {"table": table, "where": answered},
            "contacted": {"query": ASKED_QUERY},
            "exclude": {"table": PLAIN, "where": "note like '%topic 7'"},
            "sizes": ["5%", "20%"],
        },
        BROKEN: {
            "seed": {"query": "select customer_id from nowhere where happened_at < :as_of"},
            "sizes": ["10%"],
        },
        BUYERS: {
            "seed": {"label": {"churned": True}},
            "pool": {"state": ["CA", "NY"]},
            "sizes": ["10%", "30%"],
            "control_share": "20%",
        },
    }
