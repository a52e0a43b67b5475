"""An export, what its customers did, and the nights that have counted that."""

from pathlib import Path

from integration.audiences.audience_scene import (
    BY_LABEL,
    BY_QUERY,
    audiences_in,
    write_audiences,
)
from integration.audiences.export_scene import FILES, SPEC, frozen
from integration.warehouse import Laboratory, moment
from kindred.audiences.export_file import opened_destination
from kindred.audiences.export_rows import ExportRecord, ExportRequest
from kindred.audiences.export_target import FileTarget
from kindred.audiences.exporting import export_audience
from kindred.audiences.hashing import Hashing

EXPORTED_AT, DURING = "2026-02-01T09:00", "2026-02-02T02:00"
OVER = "2026-02-25T02:00"
SHARING = {"buyers": BY_LABEL, "responders": FILES["responders"], "plain": BY_QUERY}
"""Of the last night: some of them share members."""


def export_at(laboratory: Laboratory, folder: Path, out: Path, when: str) -> ExportRecord:
    """Export the larger tier of the responders at another time than now."""
    asked = ExportRequest(
        "responders", 0.5, Hashing.NONE, "somebody@somewhere", moment(when), str(out / "a.csv")
    )
    with audiences_in(folder), opened_destination(out / "a.csv", [out], may_replace=True) as place:
        return export_audience(laboratory.deployment, SPEC, asked, FileTarget(place)).record


def buy(laboratory: Laboratory, keys: list[int], when: str, answer: str = "yes") -> None:
    """Customers answer at a time."""
    laboratory.query(
        "update customers set bought = %s, updated_at = %s where customer_id = any(%s)",
        (answer, moment(when), list(keys)),
        source=True,
    )


def judge(laboratory: Laboratory, export_folder: Path, place: Path) -> Laboratory:
    """Export, let the customers act, and run the nights; ``place``: for exports and files.

    ``groups``: members and control without the outcome at export, and those with it; ``few`` and
    ``sharing``: the folders of the files of the first night, and of the last.
    """
    export_at(laboratory, export_folder, place, EXPORTED_AT)
    bought = "select customer_id from kindred.customer_versions where bought = 'yes'"
    had = {key for (key,) in laboratory.query(bought)}
    exported = {role: frozen(laboratory, 1, role) for role in ("member", "control")}
    fresh, held = ([key for key in keys if key not in had] for keys in exported.values())
    before = [key for key in exported["member"] if key in had]
    buy(laboratory, [*fresh[:60], *held[:4]], "2026-02-01T20:00")
    buy(laboratory, before, "2026-02-01T21:00", "no")
    few, sharing = place / "few", place / "sharing"
    write_audiences(few, {"few": FILES["few"]})  # a night that trains nothing counts all the same
    write_audiences(sharing, SHARING)
    with audiences_in(few):
        laboratory.run(SPEC, DURING)
    # Some give it back, but it happened; others are too late, and some had it before.
    buy(laboratory, fresh[:5], "2026-02-09T10:00", "no")
    buy(laboratory, before, "2026-02-09T11:00")
    buy(laboratory, [*fresh[60:70], *held[4:20]], "2026-02-21T09:00")
    with audiences_in(sharing):
        laboratory.run(SPEC, OVER)
    laboratory.few, laboratory.sharing = few, sharing  # type: ignore[attr-defined]
    everybody = {*exported["member"], *exported["control"]}
    laboratory.groups = (fresh, held, had & everybody)  # type: ignore[attr-defined]
    return laboratory
