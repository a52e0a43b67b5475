"""What the doctor says of audience files, and of the user that reads for them."""

import os
from dataclasses import replace

import pytest
from psycopg2.extensions import make_dsn

from databases import administer
from integration.audiences.audience_scene import (
    BY_CONTACT,
    RESPONDED,
    audiences_in,
    scene_spec,
    write_audiences,
)
from integration.audiences.population_scene import SPEC
from kindred.errors import AudienceError
from kindred.preparation.audience_findings import findings
from kindred.run.findings import Outcome
from kindred.warehouse.keys import KeyType
from local.postgres import as_user

IDENTITY = "preparation/identity"


def test_a_connection_that_is_down_is_tried_once(encoded, tmp_path):
    down = {"seed": {"query": "select 1", "connection": "down"}}
    write_audiences(tmp_path, {"one": {**down, "exclude": down["seed"]}, "two": down})
    tried = []

    def conninfo(connection_id):
        tried.append(connection_id)
        return make_dsn(encoded[0].source_dsn, host="127.0.0.1", port=1)

    deployment = encoded[0].deployment
    with audiences_in(tmp_path), deployment.warehouse("test", "kindred") as warehouse:
        limited = replace(deployment, connections=conninfo)
        found = [f.message for f in findings(SPEC, limited, warehouse, KeyType.BIGINT)]
    assert tried == ["down"]
    assert len(found) == 3
    assert all("cannot be reached; the log of the task says why: connection" in f for f in found)


def test_doctor_says_which_audiences_will_not_be_made(encoded, tmp_path):
    bad = {
        "lost": {"seed": {"file": "lost.csv"}},
        "slip": {"seed": {"query": "select customerid from customers"}},
        "cast": {"seed": {"query": "select 'secret'::integer"}},
        "wide": {"seed": {"label": {"spent": "yes"}}, "pool": {"stat": "CA"}},
        "name": {"seed": {"table": "responders", "column": "customerid"}},
        "owner": {"seed": {"table": "responders", "connection": "kindred_warehouse"}},
    }
    write_audiences(tmp_path, {"asked": BY_CONTACT, **bad})
    (tmp_path / "broken.yaml").write_text("seed: [")
    for name in ("spring.yml", "ids.csv", "autumn.YAML", "summer.yaml.txt", "notes.txt"):
        (tmp_path / name).write_text("1" if name in ("ids.csv", "notes.txt") else "seed: {}\n")
    folders = os.pathsep.join((str(tmp_path), str(tmp_path / "absent")))
    deployment = encoded[0].deployment
    with (
        audiences_in(folders),
        deployment.warehouse("test", "kindred") as warehouse,
    ):
        found = list(findings(SPEC, deployment, warehouse, KeyType.BIGINT))
    said = [f.message for f in found if f.outcome is Outcome.WARNING]
    assert "there is no folder" in said.pop(0)
    for name in ("autumn.YAML", "spring.yml", "summer.yaml.txt"):
        assert f"{name} is not read as an audience: its name must end in '.yaml'" in said.pop(0)
    for name, words in {
        "broken": "broken.yaml: cannot be read as YAML: line 1",
        "cast": "cannot be read: invalid text representation: a value that it reads",
        "lost": "seed.file: there is no such file in the folder",
        "name": "the source has campaign, customer_id, responded_at; correct",
        "owner": "this connection is the warehouse's own",
        "slip": 'column "customerid" does not exist',
        "wide": "seed.label: space 'default' has no label 'spent'; it has bought",
    }.items():
        assert said[0].startswith(f"audience {name} will not be made: ")
        assert words in said.pop(0)
    assert "has no stored column 'stat'" in said.pop(0)
    [strong] = said
    assert "connection 'kindred_source': its user may end the sessions of kindred" in strong
    assert [f.message for f in found if f.outcome is Outcome.OK] == [
        "asked: seed by query, contacted by query, exclude by table"
    ]


def test_a_user_of_its_own_may_end_no_session_of_the_night(encoded, resolve_in, tmp_path, server):
    """As ``make run`` has it; the owner of both databases may."""
    laboratory, _ = encoded
    administer(server, "create role audience_reader login")
    laboratory.query("grant select on responders to audience_reader", source=True)
    own = as_user(laboratory.source_dsn, "audience_reader")
    deployment = replace(laboratory, connections={"kindred_source": own}).deployment
    ending = (
        "select customer_id from responders where (select count(pg_terminate_backend(pid)) from"
        " pg_stat_activity where usename <> session_user) >= 0"
    )
    write_audiences(tmp_path, {"made": {"seed": {"query": RESPONDED}}})
    with audiences_in(tmp_path), deployment.warehouse("test", "kindred") as warehouse:
        [found] = findings(SPEC, deployment, warehouse, KeyType.BIGINT)
        assert found.outcome is Outcome.OK
        hidden = scene_spec(private=["age"])
        [_, guessed] = findings(hidden, deployment, warehouse, KeyType.BIGINT)
        assert (
            "audience made: readers can guess from its members whom 'seed' name" in guessed.message
        )
        with pytest.raises(AudienceError, match=r"insufficient privilege: .* lacks a right"):
            resolve_in(
                replace(laboratory, connections={"kindred_source": own}),
                {"seed": {"query": ending}},
                name="ending",
            )
        assert warehouse.value("preparation/may_end_sessions", warehouse.records(IDENTITY)[0])
