"""Algorithm ``plpython``: what it wants is checked first, and nights keep its labels and ids."""

import dataclasses
import os
import re
from contextlib import closing

import psycopg2
import pytest
from psycopg2 import sql

from databases import administer
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.errors import PreflightError
from kindred.preparation import preflight
from kindred.preparation.doctor import examine
from kindred.run.findings import Outcome
from kindred.segments.plpython import plpython_checks
from kindred.segments.plpython.plpython_labels import installation_script
from kindred.warehouse.database import connect
from kindred.warehouse.partitions import aside_name
from local.unprivileged import open_path, open_tree

FIRST, SECOND, THIRD = "2026-02-01T02:00", "2026-02-02T02:00", "2026-02-03T02:00"
OWNER, ANALYST, CLERK = "warehouse_owner", "analyst", "clerk"
CLUSTERING = {"algorithms": ["plpython"], "plpython": {"k": 4}}
CUSTOMERS = 300


def session(dsn):
    return connect(dsn, connection_id="kindred_warehouse", application_name="test")


def script_for(dsn):
    with session(dsn) as database:
        return installation_script(database)


def refusal(dsn):
    """The one failure of the preflight."""
    with session(dsn) as database:
        (finding,) = plpython_checks.findings(database)
    assert finding.outcome is Outcome.FAILURE
    return finding.message


@pytest.fixture(scope="module")
def make_plpython_database(plpython_server):
    """Create a database of a login without any special right; it has pgvector and nothing else."""
    roles = (f"create role {name} login" for name in (OWNER, ANALYST, CLERK))
    administer(plpython_server, *roles, "create role bi_reader", f"grant bi_reader to {ANALYST}")

    def make(name):
        administer(plpython_server, f"create database {name} owner {OWNER}")
        administer(plpython_server, "create extension vector", database=name)
        return plpython_server.dsn(name, OWNER)

    return make


@pytest.fixture(scope="module")
def nights(plpython_server, make_plpython_database, make_laboratory):
    """Two published nights of which the second ran every stage twice, and nobody has changed."""
    dsn = make_plpython_database("warehouse")
    administer(plpython_server, script_for(dsn), database="warehouse")
    laboratory = dataclasses.replace(make_laboratory(), warehouse_dsn=dsn)
    laboratory.fill("customers", COLUMNS, people(CUSTOMERS))
    with pytest.MonkeyPatch.context() as patch:
        # What is tested here wants less of pgvector than the index does, and there is no newer one.
        patch.setattr(preflight, "MIN_PGVECTOR", (0, 5, 1))
        laboratory.run(make_spec(clustering=CLUSTERING), FIRST)
        laboratory.run(make_spec(clustering=CLUSTERING), SECOND, times=2)
        yield laboratory


def test_preflight_says_what_is_missing_step_by_step(plpython_server, make_plpython_database):
    dsn = make_plpython_database("bare")
    todo = "have a superuser run what 'kindred plpython' prints in database bare, or use algorithm"
    assert re.search(f"not in database bare; .* untrusted .* superuser: {todo}", refusal(dsn))
    administer(plpython_server, "create extension plpython3u", database="bare")
    assert f"plpython_kindred are not in database bare; {todo}" in refusal(dsn)
    for_another = script_for(plpython_server.dsn("bare"))
    administer(plpython_server, for_another, database="bare")
    assert f"user {OWNER} may not call the functions of schema plpython_kindred" in refusal(dsn)
    own = script_for(dsn)
    administer(plpython_server, own.replace("STARTS = 3", "STARTS = 4"), database="bare")
    assert f"of another version of Kindred; {todo}" in refusal(dsn)
    administer(plpython_server, own, database="bare")
    with session(dsn) as database:
        (finding,) = plpython_checks.findings(database)
    assert finding.outcome is Outcome.OK
    assert re.match(
        r"PL/Python with python 3\.11\.\d+, numpy 2\S+, scikit-learn 1\S+, threadpoolctl",
        finding.message,
    )


def test_preflight_says_which_packages_the_server_lacks(plpython_server, tmp_path):
    modules = {
        "numpy": "raise RuntimeError('built for\\nanother Python')",
        "sklearn": "__version__ = '1.0.2'",
        "threadpoolctl": "from kindred_knows_no_such_module import anything",
    }
    for name, text in modules.items():
        (tmp_path / f"{name}.py").write_text(text)
    open_tree(tmp_path)
    open_path(tmp_path)
    administer(plpython_server, "create database lacking")
    administer(plpython_server, script_for(plpython_server.dsn("lacking")), database="lacking")
    with session(plpython_server.dsn("lacking")) as database:
        # As if the server had been started with these packages instead of its own.
        path = f"import sys; sys.path.insert(0, {str(tmp_path)!r})"
        database.execute(sql.SQL(f"do language plpython3u $python${path}$python$"))
        found = plpython_checks.findings(database)
    assert {finding.outcome for finding in found} == {Outcome.FAILURE}
    numpy, scikit_learn, threadpoolctl = (finding.message for finding in found)
    assert "cannot import numpy: built for another Python; have an administrator install" in numpy
    assert "has scikit-learn 1.0.2, 1.1 or newer is needed" in scikit_learn
    assert "cannot import threadpoolctl: No module named" in threadpoolctl
    assert all(re.match(r"warehouse: Python 3\.11\.\d+ of the server", m.message) for m in found)


@pytest.mark.bare
def test_a_server_without_pl_python_is_refused_before_anything_is_changed(laboratory, monkeypatch):
    laboratory.fill("customers", COLUMNS, people(10))
    spec = make_spec(clustering=CLUSTERING)
    words = "extension 'plpython3u' .* not available on the server, .* postgresql-plpython3-18"
    with pytest.raises(PreflightError, match=words):
        laboratory.begin(spec, FIRST)
    assert laboratory.query("select to_regnamespace('kindred')") == [(None,)]
    monkeypatch.setenv("KINDRED_ARTIFACTS", str(laboratory.artefacts))
    found = examine(laboratory.deployment.connections, "default", lambda _: spec)
    failures = [finding for finding in found if finding.outcome is Outcome.FAILURE]
    assert [finding.check for finding in failures] == ["plpython"]
    assert re.search(words, failures[0].message)


def test_every_customer_of_every_night_is_labelled(nights):
    rows = nights.query("""
        select as_of, count(*), count(distinct cluster_id), min(membership) >= 0,
          max(membership) <= 1, bool_and(nearest_cluster_id = cluster_id), min(method)
        from bi.clusters where algorithm = 'plpython' group by 1
    """)
    figures = (CUSTOMERS, 4, True, True, True, "plpython kmeans")
    assert [row[1:] for row in rows] == [figures] * 2


def test_labels_are_ordered_by_size(nights):
    sizes = nights.query("select count(*) from bi.clusters_current group by label order by label")
    assert sizes == sorted(sizes, reverse=True)


def test_ids_stay_where_nothing_has_changed(nights):
    moved = nights.query("""
        select count(*) from bi.clusters as a join bi.clusters as b using (customer_id)
        where a.as_of < b.as_of and a.cluster_id <> b.cluster_id
    """)
    assert moved == [(0,)]
    events = nights.query("select event, count(*) from bi.cluster_lineage_current group by event")
    assert events == [("kept", 4)]


def test_new_clusters_get_ids_of_their_own(nights):
    nights.run(make_spec(clustering=CLUSTERING | {"plpython": {"k": 6}}), THIRD, until="publish")
    rows = nights.query(
        sql.SQL("select distinct label, cluster_id from {}").format(
            sql.Identifier("kindred", aside_name("customer_clusters", moment(THIRD)))
        )
    )
    assert sorted(label for label, _ in rows) == [0, 1, 2, 3, 4, 5]
    assert sorted(cluster_id for _, cluster_id in rows) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("k", [None, 0])
def test_cluster_customers_refuses_a_k_below_1(nights, k):
    with pytest.raises(psycopg2.errors.RaiseException, match=r"k is .*, but must be at least 1"):
        nights.query("select * from bi.cluster_customers(%s)", (k,))


@pytest.mark.parametrize("user", [ANALYST, CLERK])
def test_who_may_cluster(nights, user):
    """The reader through bi only; whoever is neither reader nor owner, not at all.

    What the reader gets are the labels of the night.
    """
    inside = (
        "select * from plpython_kindred.cluster_vectors('pg_class', 2, false, 500) as t (a int)"
    )
    with closing(psycopg2.connect(nights.warehouse_dsn.replace(OWNER, user, 1))) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(inside)
        try:
            cursor.execute("select customer_id, cluster from bi.cluster_customers(4) order by 1")
        except psycopg2.errors.InsufficientPrivilege:
            assert user == CLERK
        else:
            assert user == ANALYST
            found = cursor.fetchall()
            assert len(found) == CUSTOMERS
            labels = "select customer_id, label from bi.clusters_current order by 1"
            assert found == nights.query(labels)


def test_the_function_of_bi_is_like_the_others(nights):
    [(is_definer, settings, comment)] = nights.query("""
        select prosecdef, proconfig, obj_description(oid)
        from pg_proc where oid = 'bi.cluster_customers'::regproc
    """)
    path = next(setting for setting in settings if setting.startswith("search_path="))
    assert is_definer
    assert path.endswith("pg_temp")
    assert comment
    owner = "select pg_get_userbyid(proowner) from pg_proc where proname = 'cluster_customers'"
    assert nights.query(owner) == [(OWNER,)]


def test_kindred_prints_the_script(nights, monkeypatch, capsys):
    from kindred.cli import plpython

    monkeypatch.setitem(os.environ, "AIRFLOW_CONN_KINDRED_WAREHOUSE", nights.warehouse_dsn)
    plpython()
    assert capsys.readouterr().out == script_for(nights.warehouse_dsn)
