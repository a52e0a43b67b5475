"""What a night reads and computes once, and how many sessions its tasks need for it."""

import re
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from integration.warehouse import COLUMNS, make_spec, people
from kindred.encoding.column_profile import Profile
from kindred.neighbours import search_plan
from kindred.run import context
from kindred.segments.density import reachability
from kindred.segments.kmeans import kmeans
from kindred.serving import index_plan
from kindred.warehouse import statements

FIRST, SECOND = "2026-02-01T02:00", "2026-02-02T02:00"
SPEC = make_spec(
    clustering={
        "algorithms": ["kmeans", "hdbscan", "dbscan"],
        "hdbscan": {"min_cluster_size": 20, "min_samples": 5, "exact_limit": 2},
        "dbscan": {"min_samples": 5},
    }
)
SQL = Path(__file__).resolve().parents[3] / "include" / "sql"
FINDS_CUSTOMERS = re.compile(r"distinct on \(customer_id\)[^;]*?from customer_versions", re.DOTALL)


@pytest.fixture
def shop(laboratory):
    """1,300 customers, some of whom come after the first snapshot."""
    laboratory.fill("customers", COLUMNS, people(1_300))
    return laboratory


def count_calls(monkeypatch, calls, *places):
    """Count the calls of functions by their names."""
    for owner, name in places:
        function = getattr(owner, name)

        def call(*arguments, function=function, name=name, **named):
            calls[name] += 1
            return function(*arguments, **named)

        monkeypatch.setattr(owner, name, call)


def test_two_statements_alone_look_for_the_newest_versions_of_everybody():
    """One for the customers of a snapshot, one for the comparison of keys."""
    searching = {
        path.stem
        for path in SQL.rglob("*.sql")
        if "hash" not in path.parts and FINDS_CUSTOMERS.search(path.read_text(encoding="utf-8"))
    }
    assert searching == {"customers_as_of", "create_in_force"}


def test_a_night_looks_through_the_history_once(shop, monkeypatch):
    composed = Counter()
    compose = statements.compose

    def count(name, /, **names):
        composed[name] += 1
        return compose(name, **names)

    monkeypatch.setattr(statements, "compose", count)
    for as_of in (FIRST, SECOND):
        composed.clear()
        shop.run(SPEC, as_of, may_refit=True)
        assert composed["history/customers_as_of"] == 1
        assert composed["history/create_in_force"] == 1
    assert composed["serving/read_generation"] == 1


def test_what_the_plan_of_the_graph_holds_is_not_computed_again(shop, monkeypatch):
    found = Counter()
    places = [(module, "find_distinct") for module in (search_plan, index_plan, reachability)]
    count_calls(monkeypatch, found, *places, (kmeans, "find_distinct"))
    shop.run(SPEC, FIRST)
    assert found == {"find_distinct": 1}


def test_columns_are_counted_once_where_drift_is_measured(shop, monkeypatch):
    shop.run(SPEC, FIRST)
    counted = Counter()
    count_calls(monkeypatch, counted, (Profile, "add"))
    shop.run(SPEC, SECOND, may_refit=True)
    assert counted == {"add": 1}
    after = shop.query(
        "select column_name, customers, missing, minimum, maximum, stability_index"
        " from bi.column_quality where as_of = '2026-02-02 02:00Z' order by 1"
    )
    counted.clear()
    shop.run(SPEC, SECOND)
    assert counted == {"add": 1}
    again = shop.query(
        "select column_name, customers, missing, minimum, maximum, stability_index"
        " from bi.column_quality where as_of = '2026-02-02 02:00Z' order by 1"
    )
    assert after == again
    assert len(after) == len(SPEC.features)


def test_a_task_works_on_one_session_beside_those_that_hold_its_locks(shop, monkeypatch):
    opened = Counter()
    connect = context.connect

    @contextmanager
    def count(conninfo, **options):
        with connect(conninfo, **options) as database:
            opened[options["application_name"].rpartition(" ")[2]] += 1
            yield database

    monkeypatch.setattr(context, "connect", count)
    shop.run(SPEC, FIRST)
    shards, algorithms = 1, len(SPEC.clustering.algorithms)
    expected = dict.fromkeys(
        ("validate", "fit_encoder", "encode", "plan_graph", "merge_graph", "profile_clusters"), 1
    ) | dict.fromkeys(("quality_gate", "publish", "clean_up"), 1)
    expected |= {
        "extract": 2,  # of which one is in the source
        "build_embeddings": 1,
        "search_graph": shards,
        "load_lookalikes": 1,
        "cluster": algorithms,
    }
    assert {name: opened[name] for name in expected} == expected
