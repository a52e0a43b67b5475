"""Which open transactions publish waits for: those of readers, whatever they are called."""

from contextlib import closing

import psycopg2
import pytest

from integration.bi_login import login_of
from integration.warehouse import COLUMNS, make_spec, people
from kindred.warehouse.locks import Resource, shared

FIRST = "2026-02-01T02:00"
BUILD = "kindred default 2026-02-01T02:00 cluster"


@pytest.fixture
def holders(laboratory):
    """A space that has begun its first build, and who holds an MVCC snapshot there."""
    laboratory.fill("customers", COLUMNS, people(20))
    laboratory.begin(make_spec(), FIRST)

    def found():
        with laboratory.deployment.warehouse("test", "kindred") as database:
            rows = database.rows("publication/holders_of_snapshots")
            return {name.partition(" (pid")[0] for _, _, name in rows}

    return laboratory, found


@pytest.mark.parametrize("name", ["dbeaver", "kindred report", BUILD])
def test_a_reader_is_one_whatever_its_session_is_called(holders, server, name):
    """A build is who has locked a resource, and of its role; a name alone proves nothing."""
    laboratory, found = holders
    for dsn in (login_of(server, laboratory), laboratory.warehouse_dsn):
        with closing(psycopg2.connect(dsn, application_name=name)) as connection:
            connection.cursor().execute("begin isolation level repeatable read; select 1")
            assert found() == {name}


def test_builds_do_not_wait_for_each_other_nor_hide_readers_of_their_name(holders, server):
    laboratory, found = holders
    with (
        laboratory.deployment.warehouse(BUILD, "kindred") as build,
        shared(build, "kindred", Resource.ERASURE, wait_seconds=1),
        build.repeatable_read(),
    ):
        assert build.value("run/is_erased", {"as_of": FIRST}) is not None
        assert found() == set()
        reader = psycopg2.connect(login_of(server, laboratory), application_name=BUILD)
        with closing(reader):
            reader.cursor().execute("begin isolation level repeatable read; select 1")
            assert found() == {BUILD}
