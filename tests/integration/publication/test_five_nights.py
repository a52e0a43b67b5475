"""The night after, and the ones after that: ids, lineage and movements are what was planted."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integration.nights import NIGHTS, night, open_town, run_nights, spec_of
from integration.warehouse import Laboratory, moment
from kindred.errors import SupersededError
from kindred.publication.prune import Retention, prune
from kindred.segments.identity.relink import relink
from kindred.tasks import run_task
from kindred.warehouse.partitions import partition_name

ALGORITHMS = pytest.mark.parametrize("algorithm", ["hdbscan", "kmeans"])
WEST, EAST, NORTH, SOUTH, FAR_WEST, FAR_EAST = range(6)
IDS = {
    "west": WEST,
    "east": EAST,
    "north": NORTH,
    "south": SOUTH,
    "far west": FAR_WEST,
    "far east": FAR_EAST,
}
LINKS = (
    "select as_of, algorithm, customer_id, cluster_id, nearest_cluster_id from bi.clusters",
    "select to_jsonb(t)::text from bi.cluster_lineage as t",
    "select algorithm, cluster_id, born_as_of, birth_order from kindred.cluster_ids",
    "select as_of, algorithm, label, cluster_id, name from bi.cluster_summary",
)
Homes = dict[int, dict[int, str]]


@pytest.fixture(scope="module")
def town(make_laboratory: Callable[..., Laboratory]) -> tuple[Laboratory, Homes]:
    """The five nights, run in order."""
    laboratory = make_laboratory()
    homes = open_town(laboratory)
    run_nights(laboratory)
    return laboratory, homes


def links(laboratory: Laboratory) -> list[list[tuple[Any, ...]]]:
    return [sorted(laboratory.query(query), key=repr) for query in LINKS]


@ALGORITHMS
def test_everybody_is_in_the_cluster_of_the_group(
    town: tuple[Laboratory, Homes], algorithm: str
) -> None:
    laboratory, homes = town
    rows = laboratory.query(
        "select as_of, customer_id, cluster_id, nearest_cluster_id from bi.clusters"
        " where algorithm = %s",
        [algorithm],
    )
    assert len(rows) == sum(map(len, homes.values()))
    number_of = {moment(night(number)): number for number in NIGHTS}
    expected = dict.fromkeys(IDS.values(), 0) | {-1: 0}
    for as_of, customer, cluster_id, nearest in rows:
        planted = IDS[homes[number_of[as_of]][customer]]
        if number_of[as_of] == 5 and planted == NORTH:
            planted = EAST
        assert cluster_id in (planted, -1)
        assert nearest == planted
        expected[cluster_id] += 1
    assert all(expected[cluster_id] for cluster_id in IDS.values())
    assert expected[-1] <= 0.02 * len(rows)


PLANTED = {
    1: {("born", None, cluster_id) for cluster_id in (WEST, EAST, NORTH, SOUTH)},
    2: {("kept", cluster_id, cluster_id) for cluster_id in (WEST, EAST, NORTH, SOUTH)},
    3: {("kept", cluster_id, cluster_id) for cluster_id in (WEST, EAST, NORTH, SOUTH)}
    | {("split", WEST, FAR_WEST)},
    4: {("kept", cluster_id, cluster_id) for cluster_id in (WEST, EAST, NORTH, FAR_WEST)}
    | {("died", SOUTH, None)},
    5: {("kept", cluster_id, cluster_id) for cluster_id in (WEST, EAST, FAR_WEST)}
    | {("merged", NORTH, EAST), ("born", None, FAR_EAST)},
}


@ALGORITHMS
def test_the_lineage_is_what_was_planted(town: tuple[Laboratory, Homes], algorithm: str) -> None:
    laboratory, _ = town
    for number in NIGHTS:
        rows = laboratory.query(
            "select event, from_cluster_id, to_cluster_id, reference_as_of"
            " from bi.cluster_lineage where as_of = %s and algorithm = %s",
            [night(number) + "+00", algorithm],
        )
        assert {row[:3] for row in rows} == PLANTED[number], f"night {number}"
        assert len(rows) == len(PLANTED[number])
        before = moment(night(number - 1)) if number > 1 else None
        assert {row[3] for row in rows} == {before}
    current = laboratory.query("select count(*) from bi.cluster_lineage_current")
    assert current == [(2 * len(PLANTED[5]),)]


def test_sizes_and_shares_of_the_lineage(town: tuple[Laboratory, Homes]) -> None:
    laboratory, _ = town
    query = (
        "select cluster_id, size, from_size, to_size, shared, round(from_share::numeric, 3),"
        " round(to_share::numeric, 3) from bi.cluster_lineage"
        " where algorithm = 'kmeans' and event = %s and as_of = %s"
    )
    split = laboratory.query(query, ["split", night(3) + "+00"])
    assert [tuple(map(float, row)) for row in split] == [(FAR_WEST, 40, 90, 40, 40, 0.444, 1)]
    merged = laboratory.query(query, ["merged", night(5) + "+00"])
    assert [tuple(map(float, row)) for row in merged] == [(NORTH, 65, 65, 155, 65, 1, 0.419)]
    died = laboratory.query(query, ["died", night(4) + "+00"])
    assert died == [(SOUTH, 50, 50, None, 0, 0, None)]


def test_movements_are_what_was_planted(town: tuple[Laboratory, Homes]) -> None:
    laboratory, homes = town
    for before, after in itertools.pairwise(NIGHTS):
        ids = {
            number: {
                customer: EAST if (place, number) == ("north", 5) else IDS[place]
                for customer, place in homes[number].items()
            }
            for number in (before, after)
        }
        everybody = ids[before].keys() | ids[after].keys()
        planted = Counter((ids[before].get(one), ids[after].get(one)) for one in everybody)
        rows = laboratory.query(
            "select from_cluster_id, to_cluster_id, customers, share, from_as_of"
            " from bi.cluster_movements where to_as_of = %s and algorithm = 'kmeans'",
            [night(after) + "+00"],
        )
        assert {row[:2]: row[2] for row in rows} == dict(planted)
        of_cluster = Counter()
        for cluster_id, _, customers, _, from_as_of in rows:
            assert from_as_of == moment(night(before))
            of_cluster[cluster_id] += customers
        for cluster_id, _, customers, share, _ in rows:
            assert share == pytest.approx(customers / of_cluster[cluster_id])
    arrivals = laboratory.query(
        "select algorithm, customers from bi.cluster_movements_current"
        " where from_cluster_id is null and to_cluster_id >= 0 order by 1"
    )
    assert arrivals == [("hdbscan", 45), ("kmeans", 45)]


def scans(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Relation and alias of every scan that has been run."""
    if node["Actual Loops"] and "Relation Name" in node:
        yield node["Relation Name"], node["Alias"]
    for child in node.get("Plans", []):
        yield from scans(child)


def test_movements_read_two_partitions_at_most(
    town: tuple[Laboratory, Homes], copy_laboratory: Callable[[Laboratory], Laboratory]
) -> None:
    """None where they are counted; apart from the first customer of each, to find the pairs."""
    laboratory = copy_laboratory(town[0])
    explain = "explain (analyze, format json) select * from bi."
    for is_counted in (True, False):
        for query, nights in (
            ("cluster_movements where to_as_of = '2026-02-03T02:00+00'", (2, 3)),
            ("cluster_movements where from_as_of = '2026-02-03T02:00+00'", (3, 4)),
            ("cluster_movements_current", (4, 5)),
        ):
            plan = laboratory.query(explain + query)[0][0][0]["Plan"]
            read = {relation for relation, alias in scans(plan) if alias.startswith("clusters")}
            names = {
                partition_name("customer_clusters", moment(night(number))) for number in nights
            }
            assert read == (set() if is_counted else names)
        laboratory.query("delete from kindred.cluster_moves")


@pytest.mark.parametrize(
    "order",
    [pytest.param((5, 4, 3, 2, 1), marks=pytest.mark.soak), (3, 1, 5, 2, 4)],
    ids=str,
)
def test_a_backfill_in_any_order_and_relink_is_the_nights_in_order(
    town: tuple[Laboratory, Homes], make_laboratory: Callable[..., Laboratory], order: Any
) -> None:
    forward, _ = town
    other = make_laboratory(beside=forward)
    run_nights(other, order)
    before = links(other)
    assert before != links(forward)
    planned = relink(other.deployment, spec_of(1), is_dry_run=True)
    assert links(other) == before
    hashes = other.hashes()
    done = relink(other.deployment, spec_of(1))
    assert done == planned
    assert any(change.renumbered for change in done)
    assert links(other) == links(forward)
    assert other.hashes() == hashes == forward.hashes()
    assert relink(other.deployment, spec_of(1)) == []
    assert other.query("select number, jsonb_array_length(changes) from kindred.relinks") == [
        (1, len(done))
    ]


def test_nights_in_order_are_linked_already(town: tuple[Laboratory, Homes]) -> None:
    laboratory, _ = town
    before = links(laboratory)
    assert relink(laboratory.deployment, spec_of(1)) == []
    assert links(laboratory) == before
    assert laboratory.query("select count(*) from kindred.relinks") == [(0,)]


def test_pruned_nights_leave_nothing_to_link_anew(
    town: tuple[Laboratory, Homes], copy_laboratory: Callable[[Laboratory], Laboratory]
) -> None:
    forward, _ = town
    other = copy_laboratory(forward)
    prune(other.deployment, spec_of(1), Retention(nights=2, month_ends=0), is_dry_run=False)
    assert other.query("select count(distinct as_of) from bi.clusters") == [(2,)]
    before = links(other)
    assert relink(other.deployment, spec_of(1)) == []
    assert links(other) == before
    assert before[2] == links(forward)[2]


def test_a_build_that_took_its_ids_before_relink_is_not_published(
    town: tuple[Laboratory, Homes], make_laboratory: Callable[..., Laboratory]
) -> None:
    forward, _ = town
    other = make_laboratory(beside=forward)
    run_nights(other, (4, 3))
    run = other.run(spec_of(5), night(5), until="publish")
    relink(other.deployment, spec_of(1))
    before = links(other)
    with pytest.raises(SupersededError, match=r"know of relink 0, the newest is 1.*task 'cluster'"):
        run_task(run, "publish")
    assert links(other) == before
    for algorithm in run.spec.clustering.algorithms:
        run_task(run, "cluster", algorithm=str(algorithm))
    run_task(run, "quality_gate")
    assert run_task(run.reopened(), "publish") == {"published": True, "is_current": True}
    assert relink(other.deployment, spec_of(1)) == []


def test_a_night_run_again_keeps_ids_and_lineage(
    town: tuple[Laboratory, Homes], copy_laboratory: Callable[[Laboratory], Laboratory]
) -> None:
    """Its ids are matched to its own, but its lineage is still that from the night before."""
    forward, _ = town
    other = copy_laboratory(forward)
    before = links(other)
    other.run(spec_of(5), night(5))
    other.run(spec_of(1), night(1))
    assert links(other) == before
