"""The server is killed between two tasks: what the first has committed, the second one finds."""

import pytest

from benchmarks.processes import kill_server
from databases import administer
from integration.warehouse import COLUMNS, Laboratory, make_spec, people

FIRST, SECOND = "2026-01-12T02:00", "2026-01-22T02:00"


@pytest.fixture
def crashing(start_server, tmp_path):
    server = start_server("crashing")
    try:
        # As a server in production has it; a local one may forget the last half second.
        administer(server, "alter system set synchronous_commit = on", "select pg_reload_conf()")
        for name in ("shop", "warehouse"):
            server.create_database(name)
        yield server, Laboratory(server.dsn("shop"), server.dsn("warehouse"), tmp_path)
    finally:
        server.stop()


def test_killed_server_empties_nothing_that_waits_for_a_task(crashing):
    server, laboratory = crashing
    laboratory.fill("customers", COLUMNS, people(400))
    changes = {"rewrite_share": 1.0, "clustering": {"algorithms": ["kmeans"]}}
    calm, crashed = make_spec("calm", **changes), make_spec("crashed", **changes)
    staged = []

    def crash(stage, run):
        if stage in ("validate", "publish"):
            kill_server(server)
            server.start()
        if stage == "publish":
            staged.append(run.build.facts["embeddings"]["mode"])

    for spec, before in ((calm, None), (crashed, crash)):
        laboratory.run(spec, FIRST)
        # Its keys are compared with those that landed: an empty list would delete everybody.
        laboratory.query("delete from customers where customer_id = 7", source=True)
        laboratory.run(spec, SECOND, before=before, shares=before is None)
        laboratory.fill("customers", COLUMNS, people(400))
    assert staged == ["delta"]
    assert laboratory.hashes("crashed") == laboratory.hashes("calm")
    versions = laboratory.query("select count(*) from kindred_crashed.customer_versions")
    assert versions == [(400 + 1,)]
