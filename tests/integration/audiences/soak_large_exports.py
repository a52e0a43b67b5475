"""A million members: an export takes no more memory than for a few thousand."""

import resource

import pytest

from integration.audiences.export_scene import SPEC
from kindred.audiences import exporting
from kindred.audiences.export_file import opened_destination
from kindred.audiences.export_rows import ExportRequest
from kindred.audiences.export_target import FileTarget
from kindred.audiences.exporting import Lines
from kindred.audiences.hashing import Hashing, hasher
from kindred.audiences.source_values import source_column
from kindred.warehouse.keys import KeyType

MEMBERS = 1_000_000
MOST_MEGABYTES = 120


@pytest.mark.parametrize("column", [None, "email"])
def test_a_million_members_are_exported_in_constant_memory(
    exportable, copy_laboratory, tmp_path, column
):
    scene = copy_laboratory(exportable)
    scene.query(
        "insert into kindred.audience_exports (audience, as_of, tier, exported_at, exported_by,"
        " destination, hashing, members, control, left_out, used_columns)"
        " values ('a', now(), 1, now(), 'b', 'c', 'none', %s, 0, 0, '{}');"
        " insert into kindred.audience_export_customers"
        " select 1, number, 'member' from generate_series(1, %s) as numbers (number)",
        (MEMBERS, MEMBERS),
    )
    scene.query(
        "insert into customers (customer_id, updated_at, email)"
        " select number, '2026-01-01', 'person' || number || '@example.com'"
        " from generate_series(601, %s) as numbers (number); analyze customers",
        (MEMBERS,),
        source=True,
    )
    request = ExportRequest("a", 1.0, Hashing.SHA256, "b", None, "c", column=column)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (
        scene.deployment.warehouse("test", "kindred") as warehouse,
        scene.deployment.source(SPEC, "test") as origin,
        opened_destination(tmp_path / "a.csv", [tmp_path], may_replace=False) as place,
    ):
        found = None if column is None else source_column(origin, SPEC, column, set())
        lines = Lines(request, SPEC, found, hasher(Hashing.SHA256), KeyType.BIGINT)
        exporting._write(warehouse, 1, lines, FileTarget(place))
    megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    blank = 0 if column is None else 85
    assert lines.count == MEMBERS - blank
    assert (tmp_path / "a.csv").stat().st_size > 66 * lines.count
    assert megabytes < MOST_MEGABYTES
