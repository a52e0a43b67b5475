"""Who moved where is counted once, and right whatever becomes of the snapshots before."""

import pytest

from integration.leaving import SECRET, request
from integration.movements import (
    published,
    published_cells,
    recounted,
    recounted_cells,
    uncounted,
)
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.erasure.task import erase
from kindred.history.erasure_key import VARIABLE
from kindred.publication.prune import Retention, prune
from kindred.publication.withdraw import withdraw
from kindred.segments.identity.relink import relink
from kindred.segments.movement_rows import count_missing

SPEC = make_spec(
    source={"history": "versions"},
    gates={"max_drift": 100.0},
    clustering={"algorithms": ["kmeans"], "kmeans": {"k": 15}},
)
FIRST, SECOND, THIRD = (f"2026-01-{day}T02:00" for day in (22, 23, 24))
NOW = 170
IN_BOTH, NEW = 2, 165


@pytest.fixture(scope="module")
def town(make_laboratory):
    """Two nights, of two encoders: in between many customers change and ten come."""
    laboratory = make_laboratory()
    rows = people(160)
    rows += people(120, seed=2, first="2026-01-22T12:00", days=1)[::2]
    rows += people(NOW, seed=3, first="2026-01-23T12:00", days=1)[140:]
    laboratory.fill("customers", COLUMNS, rows)
    laboratory.fit(SPEC, FIRST)
    laboratory.fit(SPEC, THIRD, refit=True)
    laboratory.run(SPEC, FIRST, until="clean_up")
    laboratory.run(SPEC, THIRD, until="clean_up")
    return laboratory


@pytest.fixture
def copied(town, copy_laboratory):
    return copy_laboratory(town)


def require_true(laboratory):
    """What readers see is what a recount finds."""
    assert published(laboratory) == recounted(laboratory)
    assert published_cells(laboratory) == recounted_cells(laboratory)


def clean_up(laboratory):
    """What ``clean_up`` counts; returns how many pairs of nights."""
    with laboratory.deployment.warehouse("test", "kindred") as warehouse:
        return count_missing(warehouse)


def pair(before, after):
    return [(before[5:10], after[5:10], "kmeans")]


def test_what_the_night_has_counted_is_read_and_no_customer(copied):
    assert uncounted(copied) == []
    require_true(copied)
    found = published(copied)
    [cells] = found.values()
    assert sum(cells.values()) == NOW
    assert sum(n for (before, _), n in cells.items() if before is None) == NOW - 160
    assert sum(n for (before, after), n in cells.items() if before != after) > 20
    in_cells = published_cells(copied)
    copied.query("delete from kindred.customer_clusters where customer_id > 1")
    copied.query("delete from kindred.customer_map")
    assert published(copied) == found
    assert published_cells(copied) == in_cells


def test_a_night_between_others_is_counted_on_both_sides(copied):
    copied.run(SPEC, SECOND, until="clean_up")
    require_true(copied)  # what is not counted yet is counted by readers
    assert uncounted(copied) == pair(SECOND, THIRD)
    assert clean_up(copied) == 1
    require_true(copied)
    assert uncounted(copied) == []
    numbers = "select cluster_id from bi.cluster_summary order by as_of, label"
    before = copied.query(numbers)
    relink(copied.deployment, SPEC)
    assert copied.query(numbers) != before
    require_true(copied)
    assert uncounted(copied) == []
    withdraw(copied.deployment, SPEC, moment(SECOND))
    require_true(copied)
    assert uncounted(copied) == pair(FIRST, THIRD)
    assert clean_up(copied) == 1
    require_true(copied)
    counted = "select distinct from_as_of, to_as_of from kindred.cluster_moves"
    assert copied.query(counted) == [(moment(FIRST), moment(THIRD))]


def test_a_night_that_is_published_again_makes_its_neighbour_counted_again(copied):
    copied.append("customers", people(40, seed=9, first="2026-01-21T12:00", days=1)[20:])
    copied.run(SPEC, FIRST, full_extract=True, until="clean_up")
    copied.query("update kindred.cluster_moves set customers = 7")  # of the one that was
    require_true(copied)
    assert uncounted(copied) == pair(FIRST, THIRD)
    # A part of the customers, as while a partition is being replaced, is not kept.
    more = "update kindred.snapshots set customers = customers + %s where as_of = %s"
    copied.query(more, (1, moment(FIRST)))
    assert clean_up(copied) == 1
    assert uncounted(copied) == pair(FIRST, THIRD)
    copied.query(more, (-1, moment(FIRST)))
    assert clean_up(copied) == 1
    assert uncounted(copied) == []
    require_true(copied)


def test_an_erasure_leaves_the_counts_and_pruning_deletes_them(copied, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    for customer in (IN_BOTH, NEW):
        erase(copied.deployment, "default", request(copied, customer))
        require_true(copied)
    assert uncounted(copied) == []
    assert [sum(cells.values()) for cells in published(copied).values()] == [NOW - 2]
    prune(copied.deployment, SPEC, Retention(1, 0), is_dry_run=False)
    require_true(copied)
    assert published(copied) == {}
    assert copied.query("select distinct as_of from kindred.map_cells") == [(moment(THIRD),)]
    assert clean_up(copied) == 0
    assert copied.query("select count(*) from kindred.cluster_moves") == [(0,)]
