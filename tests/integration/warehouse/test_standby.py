"""BI reads a streaming standby: all that it reads on the primary, and each night whole."""

import os
import shutil
from contextlib import closing

import psycopg2
import pytest

from databases import administer
from integration.warehouse import COLUMNS, Laboratory, make_spec, people
from kindred.errors import PreflightError
from local.postgres import EmbeddedServer, as_user
from local.processes import wait_until

FIRST, SECOND = "2026-01-12T02:00", "2026-01-22T02:00"
CUSTOMERS = 300
SPEC = make_spec(clustering={"algorithms": ["kmeans"]})
READER = "bi_on_standby"
PATIENCE_SECONDS = 20.0
VIEWS = "select table_name from information_schema.views where table_schema = 'bi' order by 1"
NIGHTS = "select count(distinct as_of), max(as_of)::date::text from bi.lookalikes"


@pytest.fixture(scope="module")
def pair(start_server, tmp_path_factory):
    """A primary with one published night, and a standby with the settings of the documentation."""
    primary = start_server("primary")
    standby = EmbeddedServer(primary.pgdata.parents[1] / "standby" / "data")
    try:
        for name in ("shop", "warehouse"):
            primary.create_database(name)
        place = tmp_path_factory.mktemp("artefacts")
        laboratory = Laboratory(primary.dsn("shop"), primary.dsn("warehouse"), place)
        laboratory.fill("customers", COLUMNS, people(CUSTOMERS))
        laboratory.run(SPEC, FIRST)
        administer(primary, f"create role {READER} login in role bi_reader")
        primary.stop()
        _copy(primary, standby)
        primary.start()
        standby.start()
        yield laboratory, primary, standby
    finally:
        standby.stop()
        primary.stop()


def _copy(primary, standby):
    owner = primary.pgdata.stat()
    shutil.copytree(primary.pgdata, standby.pgdata, symlinks=True)
    (standby.pgdata / "standby.signal").touch()
    with (standby.pgdata / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write(f"primary_conninfo = 'host={primary.socket_dir} user=postgres'\n")
        settings.write("hot_standby_feedback = on\nmax_standby_streaming_delay = '10min'\n")
    for path in (standby.pgdata.parent, standby.pgdata, *standby.pgdata.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def open_reader(server):
    session = psycopg2.connect(as_user(server.dsn("warehouse"), READER))
    session.set_session(isolation_level="repeatable read")
    return session


def rows(session, query):
    with session.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_the_standby_answers_all_that_the_primary_does(pair):
    _, *servers = pair
    asked = [
        "select * from bi.similar_customers(7, 5)",
        "select * from bi.similar_customers(7, 5, algorithm => 'kmeans', cluster_id => 1)",
        "select * from bi.explain_pair(7, 8)",
        "select * from bi.lookalike_audience(array(select generate_series(1, 30)::bigint), 9)",
    ]
    found = []
    for server in servers:
        with closing(open_reader(server)) as session:
            views = [f"select * from bi.{name}" for (name,) in rows(session, VIEWS)]  # noqa: S608
            found.append(
                {query: sorted(map(repr, rows(session, query))) for query in views + asked}
            )
    assert found[0] == found[1]
    assert len(found[1]["select * from bi.lookalikes"]) > CUSTOMERS
    assert len(found[1][asked[0]]) == 5


def test_a_night_arrives_whole_and_behind_those_who_read_the_one_before(pair):
    laboratory, _, standby = pair
    with closing(open_reader(standby)) as reading, closing(open_reader(standby)) as looking:
        before = rows(reading, NIGHTS)
        everything = rows(reading, "select * from bi.lookalikes order by 1, 2, 3")
        laboratory.run(SPEC, SECOND)

        def seen():
            looking.rollback()
            return rows(looking, NIGHTS)

        assert rows(reading, "select * from bi.lookalikes order by 1, 2, 3") == everything
        reading.rollback()
        wait_until(lambda: seen() != before, seconds=PATIENCE_SECONDS)
        assert (before, seen()) == ([(1, FIRST[:10])], [(2, SECOND[:10])])


def test_a_run_is_refused_there(pair):
    laboratory, _, standby = pair
    there = Laboratory(laboratory.source_dsn, standby.dsn("warehouse"), laboratory.artefacts)
    with pytest.raises(PreflightError, match="the server is a read-only standby"):
        there.run(SPEC, SECOND)
