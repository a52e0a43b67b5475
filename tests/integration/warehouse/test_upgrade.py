"""A warehouse that release 0.1.0 filled, restored and run by this release."""

import subprocess
from pathlib import Path

import psycopg2
import pytest

from integration.bi_login import read
from integration.warehouse import Laboratory, make_spec, moment
from kindred import __version__
from local.postgres import binary

DUMP = Path(__file__).parent / "release_0_1_0.sql"
NIGHTS = ("2026-02-01T02:00", "2026-02-02T02:00")
SPEC = make_spec(
    source={"table": "shop.customers"},
    k=3,
    features={
        "income": {"kind": "numeric", "transform": "quantile"},
        "age": {"kind": "numeric", "clip": 3},
        "since": "date",
        "is_active": "boolean",
        "state": {"kind": "categorical", "min_frequency": 2},
    },
    labels=["churned"],
    private=["age"],
    clustering={
        "algorithms": ["kmeans", "hdbscan"],
        "kmeans": {"k": 3},
        "hdbscan": {"min_cluster_size": 5, "min_samples": 3},
    },
)
KEYS = """
    select tablename, indexdef from pg_indexes
    where tablename ~ '^customer_(lookalikes|clusters)_2026' order by tablename, indexdef
"""
"""Of the partitions, which a migration of their parents leaves alone."""


@pytest.fixture
def old(make_database, tmp_path):
    """The warehouse of release 0.1.0, with the source in schema ``shop``."""
    dsn = make_database("old")
    laboratory = Laboratory(dsn, dsn, tmp_path)
    laboratory.query("create extension if not exists vector schema public")
    command = [binary("psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={DUMP}"]
    subprocess.run([*command, dsn], check=True, stdout=subprocess.DEVNULL)
    return laboratory


def test_published_dates_are_equal_after_the_upgrade(old, server):
    """The dump has no rights, which are put right too; what BI reads stays until publish.

    But for lookalikes, which told of a private column: the next night finds public ones.
    """
    before, keys = old.hashes(), old.query(KEYS)
    lookalikes = "select * from bi.lookalikes order by as_of, customer_id, rank"
    similar = "select * from bi.similar_customers(1, 3)"
    shown = {query: old.query(query) for query in (lookalikes, similar)}
    old.query(
        "update kindred.snapshot_builds set settings_hash = 'of a later build',"
        """ settings = replace(settings::text, '"metric": "l2"', '"metric": "ip"')::json"""
    )
    old.begin(SPEC, NIGHTS[1])
    assert old.query(KEYS) == keys
    assert len(keys) == 8
    metrics = "select distinct metric from kindred.snapshots"
    assert old.query(metrics) == [("l2",)], "as published, whatever a later build was to use"
    assert read(server, old, similar) == shown[similar]
    assert shown[lookalikes]
    assert read(server, old, lookalikes) == []
    with pytest.raises(psycopg2.errors.UndefinedColumn):
        read(server, old, "select release from bi.snapshots")
    for relation in ("customers", "customer_map_current", "map_quality", "map_cells"):
        assert read(server, old, f"select * from bi.{relation}") == []  # noqa: S608
    old.run(SPEC, NIGHTS[1])
    after = old.hashes()
    assert {name for name in after if before.get(name) != after[name]} == {
        "customer_map",
        "map_quality",
        "map_cells",
        "all",
    }
    for relation in ("customers", "customer_map", "customer_map_current"):
        query = f"select as_of, count(*) from bi.{relation} group by as_of"  # noqa: S608
        assert read(server, old, query) == [(moment(NIGHTS[1]), 35)]
    assert len(read(server, old, similar)) == len(shown[similar])
    assert len(read(server, old, lookalikes)) > 0
    released = read(server, old, "select release from bi.snapshots order by as_of")
    assert released == [(None,), (__version__,)]
