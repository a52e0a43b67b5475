"""Bytes of a plan, beside those that a night was seen to move."""

import pytest

from kindred.planning.night_tasks import tasks_of
from kindred.planning.sizes import Growth, sizes_of
from kindred.planning.volumes import btree, heap, moved_by, warehouse_of
from kindred.planning.workload import usual_spec
from unit.planning.plan_cases import GROWTH, machines, night

# docs/scale.md, "Tried": 200,000 customers of 20 columns with their artefacts in a bucket. MB
# received (objects, and rows of the servers), objects sent, and rows sent.
SEEN = {
    "extract": (0, 56, 0, 54),
    "fit_encoder": (0, 54, 0, 0),
    "encode": (0, 54, 79, 0),
    "plan_graph": (81, 0, 9, 0),
    "search_graph": (88, 0, 40, 0),
    "merge_graph": (159, 0, 31, 0),
    "build_embeddings": (88, 0, 0, 85),
    "cluster": (206, 0, 0, 33),
    "place_customers": (88, 0, 1.5, 9.5),
    "load_lookalikes": (110, 0, 0, 101),
    "profile_clusters": (79, 71, 1.6, 0),
}


def test_a_night_moves_what_it_was_seen_to_move():
    growth = GROWTH | {"near": Growth(256.0, 0.0)}
    spec = usual_spec(columns=20).model_copy(update={"labels": ("left", "took_more")})
    sizes = sizes_of(night(200_000, kind="first", spec=spec), machines(), growth)
    found = {}
    for task in tasks_of(sizes):
        moved = moved_by(task, sizes)
        before = found.get(task.task_id, (0, 0, 0))
        more = (moved.read_mb, moved.written_mb, moved.database_mb)
        found[task.task_id] = tuple(a + b for a, b in zip(before, more, strict=True))
    for name, (objects, rows, written, sent) in SEEN.items():
        wanted = (objects, written, rows + sent)
        assert found[name] == pytest.approx(wanted, rel=0.12, abs=3), name


def test_every_instance_reads_whole_artefacts():
    few, many = (
        sizes_of(night(10**7), machines(shard_rows=rows), GROWTH) for rows in (10**6, 250_000)
    )
    read = {}
    for sizes in (few, many):
        task = next(task for task in tasks_of(sizes) if task.name == "load_lookalikes")
        read[task.instances] = moved_by(task, sizes).read_mb
    assert read[40] == pytest.approx(4 * read[10])


def test_pages_hold_what_postgresql_puts_into_them():
    # 8 bytes, its header and pointer: 226 rows on a page of 8,192.
    assert heap(226, 8) == pytest.approx(8192, rel=0.01)
    # A million bigint keys have an index of 21 MB, and one of few keys a third of it.
    assert btree(10**6, 8) == pytest.approx(22_487_040, rel=0.02)
    assert btree(10**6, 0, copies=10**6) == pytest.approx(6_946_816, rel=0.05)


def test_what_is_kept_grows_with_neighbours_algorithms_and_versions():
    usual = warehouse_of(sizes_of(night(), machines(), GROWTH))
    longer = warehouse_of(sizes_of(night(versions=3.0), machines(), GROWTH))
    assert sum(longer.history.values()) == pytest.approx(3 / 1.3 * sum(usual.history.values()))
    assert longer.snapshot == usual.snapshot
    assert usual.snapshot["customer_lookalikes"] > 5 * usual.snapshot["customer_map"]
