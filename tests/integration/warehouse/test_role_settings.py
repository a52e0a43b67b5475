"""What a role or database sets for its sessions must neither end nor change the work."""

import re
import time
from dataclasses import replace

import pytest
from psycopg2 import sql

from databases import administer
from integration.laboratory_state import state
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred import tasks
from kindred.errors import PreflightError, UnreachableError
from kindred.publication.withdraw import withdraw
from kindred.tasks import Task, run_task

AS_OF = "2026-02-01T02:00"
SPEC = make_spec(source={"table": "public.customers"}, clustering={"algorithms": ["kmeans"]})
HARMFUL = {
    "statement_timeout": "40ms",
    "lock_timeout": "1ms",
    "idle_session_timeout": "40ms",
    "idle_in_transaction_session_timeout": "40ms",
    "transaction_timeout": "40ms",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "search_path": "",
    "client_encoding": "LATIN1",
    "extra_float_digits": "-15",
    "intervalstyle": "sql_standard",
    "datestyle": "German",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "client_min_messages": "debug1",
    "timezone": "Asia/Kathmandu",
    "restrict_nonsystem_relation_kind": "view",
}


@pytest.fixture(scope="module")
def hostile(make_laboratory, server):
    """The same databases through a role that sets whatever it can, and a way to administer them."""
    laboratory = make_laboratory(is_bare=True)
    rows = [(*row[:5], f"São {row[5]}", row[6]) for row in people(40)]
    laboratory.fill("customers", COLUMNS, rows)
    name = laboratory.warehouse_dsn.split("/")[3].split("?")[0]
    role = f"role_of_{name}"
    administer(
        server,
        f"create role {role} login",
        *(f"alter role {role} set {key} = '{value}'" for key, value in HARMFUL.items()),
        f"alter database {name} owner to {role}",
    )
    laboratory.query(f"grant select on customers to {role}", source=True)
    dsns = {
        key: re.sub("//[^@]*@", f"//{role}@", getattr(laboratory, key))
        for key in ("source_dsn", "warehouse_dsn")
    }
    yield replace(laboratory, **dsns), lambda *statements: administer(server, *statements), role
    administer(server, f"drop database {name} with (force)")
    source = laboratory.source_dsn.split("/")[3].split("?")[0]
    administer(server, f"drop owned by {role}", database=source)
    administer(server, f"drop role {role}")


def test_a_night_is_the_same_whatever_the_role_sets(hostile, make_laboratory):
    harmed, _, _ = hostile
    harmed.run(SPEC, AS_OF)
    plain = make_laboratory()
    plain.fill("customers", COLUMNS, [(*r[:5], f"São {r[5]}", r[6]) for r in people(40)])
    plain.run(SPEC, AS_OF)
    assert plain.hashes() == harmed.hashes()
    statement = "select * from bi.similar_customers(1)"
    with (
        harmed.deployment.warehouse("kindred test") as warehouse,
        warehouse.connection.cursor() as cursor,
    ):
        cursor.execute(statement)
        assert cursor.fetchall() == plain.query(statement) != []


def test_a_backslash_arrives_as_it_was_sent(hostile):
    harmed, _, _ = hostile
    text = 'C:\\new "line" \\\\'
    with (
        harmed.deployment.warehouse("kindred test") as warehouse,
        warehouse.connection.cursor() as cursor,
    ):
        cursor.execute("select %s, %s::bytea", (text, b"\\"))
        found, raw = cursor.fetchone()
    assert (found, bytes(raw)) == (text, b"\\")


def test_a_session_outlives_the_limits_of_its_role(hostile):
    """Idle, idle in a transaction, and in one statement."""
    harmed, _, _ = hostile
    with harmed.deployment.warehouse("kindred test") as warehouse:
        time.sleep(0.1)
        with warehouse.transaction():
            time.sleep(0.1)
            with warehouse.connection.cursor() as cursor:
                cursor.execute("select pg_sleep(0.1)")


def test_a_role_that_can_only_read_is_told_so_by_every_command(hostile, request):
    harmed, admin, role = hostile
    admin(f"alter role {role} set default_transaction_read_only = on")
    request.addfinalizer(lambda: admin(f"alter role {role} reset default_transaction_read_only"))
    before = state(harmed)
    for attempt in (
        lambda: harmed.begin(SPEC, AS_OF),
        lambda: withdraw(harmed.deployment, SPEC, moment(AS_OF)),
    ):
        with pytest.raises(PreflightError) as caught:
            attempt()
        assert f'user "{role}" can only read' in str(caught.value)
        assert f"'alter role \"{role}\" set default_transaction_read_only = off'" in str(
            caught.value
        )
    assert state(harmed) == before


@pytest.fixture(scope="module")
def landed(make_laboratory):
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(40))
    return laboratory, laboratory.land(make_spec(), AS_OF)


def end_guard(laboratory, run):
    """End the one idle session of the task, as an administrator or a firewall would."""
    own = run.session.connection.info.backend_pid
    ended = laboratory.query(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where datname = current_database() and application_name like 'kindred %%'"
        " and state like 'idle%%' and pid <> %s",
        [own],
    )
    assert ended == [(True,)]


def write(run, table):
    run.session.execute(sql.SQL(f"create table {table} ()"))


def before_a_statement(laboratory, run):
    write(run, "before")
    end_guard(laboratory, run)
    write(run, "after")


def before_a_commit(laboratory, run):
    with run.session.transaction():
        write(run, "after")
        end_guard(laboratory, run)


def before_an_artefact(laboratory, run):
    end_guard(laboratory, run)
    run.folder.write("after", {}, {})


def before_its_end(laboratory, run):
    end_guard(laboratory, run)


@pytest.mark.parametrize(
    "body", [before_a_statement, before_a_commit, before_an_artefact, before_its_end]
)
def test_a_stage_ends_with_the_session_that_guards_it(landed, monkeypatch, body):
    laboratory, run = landed
    monkeypatch.setitem(tasks.TASKS, "guarded", Task(lambda run: body(laboratory, run)))
    with pytest.raises(UnreachableError, match=r"the session that keeps erasures .* has ended"):
        run_task(run, "guarded")
    assert laboratory.query("select to_regclass('kindred.after')") == [(None,)]
    assert not (laboratory.artefacts / "default").exists()
    assert "guarded" not in laboratory.query("select stage_seconds from bi.snapshots")[0][0]
    laboratory.query("drop table if exists kindred.before")


def test_a_stage_is_run_again_after_it_has_lost_its_guard(landed):
    laboratory, _ = landed
    laboratory.run(make_spec(), AS_OF, until="encode")
