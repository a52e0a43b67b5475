"""A warehouse that release 0.1.0 filled, restored and run by this release."""

import subprocess
from pathlib import Path

import psycopg2
import pytest

from integration.warehouse import Laboratory, make_spec
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


@pytest.fixture
def old(make_database, tmp_path):
    """The warehouse of release 0.1.0, with the source in schema ``shop``."""
    dsn = make_database("old")
    laboratory = Laboratory(dsn, dsn, tmp_path)
    laboratory.query("create extension if not exists vector")
    command = [binary("psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={DUMP}"]
    subprocess.run([*command, dsn], check=True, stdout=subprocess.DEVNULL)
    return laboratory


def test_published_dates_are_equal_after_the_upgrade(old):
    before = old.hashes()
    print(before)
    for night in NIGHTS:
        old.run(SPEC, night)
    assert old.hashes() == before
