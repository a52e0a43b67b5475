"""A night with audiences to export, whose customers have an address each, and its command."""

import csv
import io
from pathlib import Path
from typing import Any

import yaml

from integration.audiences.audience_scene import (
    BY_LABEL,
    BY_QUERY,
    FEATURES,
    FIRST_NIGHT,
    LABEL,
    audiences_in,
    scene_spec,
    write_audiences,
)
from integration.command import Command
from integration.leaving import SECRET
from integration.warehouse import Laboratory
from kindred.history.erasure_key import VARIABLE

SPEC = scene_spec(private=["state"])
MEMBERS = (
    "select customer_id from bi.audience_members_current where audience = %s and tier <= %s"
    " and role = %s order by 1"
)
SPEC_FILE = {
    "source": {"table": "customers", "key": "customer_id", "updated_at": "updated_at"},
    "features": FEATURES,
    "labels": [LABEL],
    "private": ["state"],
}
FILES: dict[str, dict[str, Any]] = {
    "responders": {
        **BY_QUERY,
        "exclude": {"table": "opt_outs"},
        "sizes": ["10%", "50%"],
        "control_share": "40%",
        "outcome": {"label": LABEL, "days": 20},
    },
    "few": {"seed": {"query": "select 1 as id where now() > :as_of"}},
    "buyers": {**BY_LABEL, "exclude": {"label": {LABEL: "no"}}},
}


def folder_in(folder: Path) -> Path:
    """Write the files."""
    write_audiences(folder, FILES)
    return folder


def publish(laboratory: Laboratory, folder: Path) -> Laboratory:
    """Run the first night of the scene; every seventh customer has a blank address."""
    laboratory.query(
        "alter table customers add column email text, add column secret text;"
        " update customers set email = case when customer_id % 7 = 0 then ' '"
        " else ' Person' || customer_id || '@Example.COM' end",
        source=True,
    )
    with audiences_in(folder):
        laboratory.run(SPEC, FIRST_NIGHT)
    return laboratory


def command_in(place: Path, audiences: Path) -> Any:
    """The command with these audience files: called with a laboratory; ``out`` is for exports."""
    (place / "default.yaml").write_text(yaml.safe_dump(SPEC_FILE))
    out = place / "out"
    out.mkdir()

    def command(laboratory: Laboratory, *arguments: str, **changes: str | None) -> Any:
        places = {
            "KINDRED_AUDIENCES": str(audiences),
            "KINDRED_EXPORT_ROOTS": str(out),
            VARIABLE: SECRET,
        }
        return Command(laboratory, place)(*arguments, **places | changes)

    command.out = out  # type: ignore[attr-defined]
    return command


def frozen(laboratory: Laboratory, number: int, role: str) -> list[Any]:
    """The customers of an export in one role, as they are recorded."""
    rows = laboratory.query(
        "select customer_id from kindred.audience_export_customers where number = %s and role = %s"
        " order by 1",
        (number, role),
    )
    return [key for (key,) in rows]


def values(path: Path) -> tuple[str, list[str]]:
    """Header and values of a file."""
    text = io.StringIO(path.read_bytes().decode(), newline="")
    header, *rows = [row for (row,) in csv.reader(text)]
    return header, rows


def members(
    laboratory: Laboratory, audience: str = "responders", tier: float = 0.5, role: str = "member"
) -> list[Any]:
    """The customers of an audience that readers see in one role."""
    return [key for (key,) in laboratory.query(MEMBERS, (audience, tier, role))]


def records(laboratory: Laboratory) -> list[tuple[Any, ...]]:
    """What is recorded of all exports."""
    columns = "number, status, tier, members, control, left_out, lines, column_name, hashing"
    return laboratory.query(f"select {columns} from kindred.audience_exports order by 1")  # noqa: S608


def export(command: Any, laboratory: Laboratory, name: str = "a.csv", **changes: Any) -> list[int]:
    """Export the larger tier; returns the keys in the file."""
    path = command.out / name
    arguments = ("responders", "--tier=50%", f"--out={path}")
    code, printed = command(laboratory, "export-audience", *arguments, **changes)
    assert code == 0, printed
    return [int(key) for key in values(path)[1]]
