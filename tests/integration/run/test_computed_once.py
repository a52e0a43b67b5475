"""What a night reads and computes once, and how many sessions its tasks need for it."""

import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from integration.unchanged import computing
from integration.warehouse import COLUMNS, make_spec, people
from kindred.encoding.column_profile import Profile
from kindred.neighbours import search_plan
from kindred.neighbours import task as neighbours
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
FINDS_CUSTOMERS = re.compile(
    r"distinct on \((version\.)?customer_id\)[^;]*?from customer_versions", re.DOTALL
)


@dataclass(frozen=True)
class Counted:
    """How often statements were composed, functions called, and sessions opened, by name."""

    statements: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    sessions: Counter[str] = field(default_factory=Counter)


FUNCTIONS = (
    *(
        (module, "find_distinct")
        for module in (neighbours, search_plan, index_plan, reachability, kmeans)
    ),
    (Profile, "add"),
)


@contextmanager
def counting():
    """Count what is done in the block."""
    counted = Counted()
    compose, connect = statements.compose, context.connect

    def composing(name, /, **names):
        counted.statements[name] += 1
        return compose(name, **names)

    @contextmanager
    def connecting(conninfo, **options):
        with connect(conninfo, **options) as database:
            counted.sessions[options["application_name"].rpartition(" ")[2]] += 1
            yield database

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statements, "compose", composing)
        patch.setattr(context, "connect", connecting)
        for owner, name in FUNCTIONS:
            patch.setattr(owner, name, _counted_call(getattr(owner, name), name, counted))
        yield counted


def _counted_call(function, name, counted):
    def call(*arguments, **named):
        counted.calls[name] += 1
        return function(*arguments, **named)

    return call


@pytest.fixture(scope="module")
def nights(make_laboratory):
    """1,300 customers, and what each of two nights has done to compute them."""
    shop = make_laboratory()
    shop.fill("customers", COLUMNS, people(1_300))
    with counting() as first:
        for _ in shop.stages(SPEC, FIRST):  # each with sessions of its own
            pass
    with computing(), counting() as second:
        shop.run(SPEC, SECOND, may_refit=True)
    return shop, first, second


def test_three_statements_alone_look_for_the_newest_versions_of_everybody():
    """One for the customers of a snapshot, one to compare counts, and one to compare keys.

    Results of exports look for the customers of an export only.
    """
    searching = {
        path.stem
        for path in SQL.rglob("*.sql")
        if "hash" not in path.parts and FINDS_CUSTOMERS.search(path.read_text(encoding="utf-8"))
    }
    searching -= {"count_by_label"}
    assert searching == {"customers_as_of", "is_key_missing", "create_in_force"}


def test_a_night_looks_through_the_history_once_per_task(nights):
    """`extract` finds whose rows to read as well, `land` who is gone, `validate` the customers."""
    _, *counted = nights
    for night in counted:
        assert night.statements["history/customers_as_of"] == 1
        assert night.statements["history/create_in_force"] == 2
    assert counted[1].statements["serving/read_generation"] == 1


def test_what_the_plan_of_the_graph_holds_is_not_computed_again(nights):
    _, first, _ = nights
    assert first.calls["find_distinct"] == 1


QUALITY = (
    "select column_name, customers, missing, minimum, maximum, stability_index"
    " from bi.column_quality where as_of = '2026-02-02 02:00Z' order by 1"
)


def test_columns_are_counted_once_where_drift_is_measured(nights):
    """And a night that may not refit finds the same."""
    shop, _, second = nights
    assert second.calls["add"] == 1
    after = shop.query(QUALITY)
    with counting() as again:
        shop.run(SPEC, SECOND)
    assert again.calls["add"] == 1
    assert shop.query(QUALITY) == after
    assert len(after) == len(SPEC.features)


def test_a_task_works_on_one_session_beside_those_that_hold_its_locks(nights):
    _, first, _ = nights
    shards, algorithms = 1, len(SPEC.clustering.algorithms)
    expected = dict.fromkeys(
        ("validate", "fit_encoder", "encode", "plan_graph", "merge_graph", "profile_clusters"), 1
    ) | dict.fromkeys(("quality_gate", "publish", "clean_up"), 1)
    expected |= {
        "extract": 2,  # of which one is in the source
        "build_embeddings": 1,
        "search_graph": shards,
        "load_lookalikes": 1,
        "place_customers": 1,
        "cluster": algorithms,
    }
    assert {name: first.sessions[name] for name in expected} == expected
