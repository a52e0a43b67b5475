"""Nights with audiences in another order, killed, or with one that fails: the same tables."""

from dataclasses import replace
from threading import Thread

import pytest

from integration.audiences.audience_scene import (
    FIRST_NIGHT,
    NEXT_NIGHT,
    RESPONDED,
    audiences_in,
    write_audiences,
)
from integration.audiences.night_scene import FILES, MEMBERS, PARTITIONS, SPEC, VIEWS
from integration.killing import Killer
from integration.warehouse import moment
from kindred.errors import UnreachableError
from kindred.tasks import run_task

THIRD_NIGHT = "2026-02-03T02:00"
TABLES = {*VIEWS, "audience_keys"}


def test_dates_in_another_order_end_in_the_same_tables(
    nights, fitted, copy_laboratory, night_folder
):
    laboratory = copy_laboratory(fitted)
    laboratory.environment["KINDRED_BLOCK_ROWS"] = "250"
    with audiences_in(night_folder):
        for night in (NEXT_NIGHT, FIRST_NIGHT):
            laboratory.run(SPEC, night)
    hashes = nights.hashes()
    assert laboratory.hashes() == hashes
    assert set(hashes) > TABLES
    assert not TABLES & set(fitted.hashes()), "a space without audiences has the hashes of before"


@pytest.mark.soak
def test_three_dates_at_the_same_time_end_in_the_tables_of_one_after_the_other(
    fitted, copy_laboratory, night_folder
):
    nights, hashes, failures = (FIRST_NIGHT, NEXT_NIGHT, THIRD_NIGHT), [], []

    def run(laboratory, night):
        try:
            replace(laboratory).run(SPEC, night)
        except BaseException as error:
            failures.append(error)

    for is_parallel in (False, True):
        laboratory = copy_laboratory(fitted)
        with audiences_in(night_folder):
            threads = [Thread(target=run, args=(laboratory, night)) for night in nights]
            for thread in threads:
                thread.start()
                if not is_parallel:
                    thread.join()
            for thread in threads:
                thread.join()
        hashes.append(laboratory.hashes())
    assert failures == []
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("every", [64, pytest.param(1, marks=pytest.mark.soak)])
def test_killed_at_every_step_a_date_that_is_run_again_stays_as_it_is(
    own_nights, monkeypatch, server, every
):
    before, held = own_nights.hashes(), own_nights.query(PARTITIONS)
    reference = {"space": "default", "as_of": moment(NEXT_NIGHT).isoformat()}
    own_nights.run(SPEC, NEXT_NIGHT, until="list_audiences")
    killer = Killer(monkeypatch, server.dsn("postgres"))
    kills = {}
    for stage, arguments in (
        ("list_audiences", {}),
        *(("train_audience", {"audience": name}) for name in FILES),
        *((stage, {}) for stage in ("join_audiences", "quality_gate", "publish", "clean_up")),
    ):

        def once(stage=stage, arguments=arguments):
            return run_task(own_nights.reopen(reference), stage, **arguments)

        kills[stage] = killer.persist(once, every)[1]
    killer.close()
    assert min(kills.values()) > 0
    assert own_nights.hashes() == before
    assert own_nights.query(PARTITIONS) == held, "a partition that is equal stays"
    with own_nights.deployment.warehouse("test", "kindred") as database:
        assert database.rows("publication/run_tables", {"schema": "kindred"}) == []


def test_an_audience_whose_task_was_killed_or_whose_artefact_is_gone_fails_alone(own_nights):
    """The join comes through whatever has failed before it.

    Whoever clears the audience's task once it can be made has it in the published snapshot.
    """
    before = own_nights.hashes()
    buyers = [row for row in own_nights.query(MEMBERS) if row[0] == "buyers"]
    found = {}

    def interrupted(stage, run):
        if stage == "cluster":
            found["no segments"] = run_task(run, "join_audiences")
            assert "audience_rows" not in run.reopened().build.facts
        if stage == "list_audiences":
            own_nights.environment["KINDRED_MEMORY_LIMIT_MB"] = "200"
            starved = own_nights.reopen({"space": "default", "as_of": run.as_of.isoformat()})
            del own_nights.environment["KINDRED_MEMORY_LIMIT_MB"]
            run_task(starved, "train_audience", audience="responders")
            row = run.reopened().build.facts["audience:responders"]["row"]
            found["no memory"] = (row["status"], row["reason"])
        if stage == "quality_gate":
            [artefact] = own_nights.artefacts.glob("**/20260202*/**/audience_responders")
            artefact.rename(artefact.with_name("away"))
            found["gone"] = run_task(run, "join_audiences")
            own_nights.query(
                "update kindred.snapshot_builds set facts = facts - 'audience:responders'"
            )
            found["killed"] = run_task(run, "join_audiences")

    own_nights.run(SPEC, NEXT_NIGHT, before=interrupted)
    held = own_nights.query(PARTITIONS)
    assert found["no segments"] == {"failed": {}}
    status, reason = found["no memory"]
    assert status == "failed"
    assert "a task may take 200 MB" in reason
    for what, reason in (("gone", "is not in"), ("killed", "was it killed?")):
        assert set(found[what]["failed"]) == {"broken", "literal", "responders"}
        assert reason in found[what]["failed"]["responders"]
    assert own_nights.query("select audience, status from bi.audiences_current order by 1") == [
        ("broken", "failed"),
        ("buyers", "published"),
        ("literal", "failed"),
        ("responders", "failed"),
    ]
    assert own_nights.query(MEMBERS) == buyers
    assert own_nights.query("select * from bi.audience_overlap_current") == []

    run = own_nights.reopen({"space": "default", "as_of": f"{NEXT_NIGHT}+00:00"})
    run_task(run, "train_audience", audience="responders")
    for stage in ("join_audiences", "quality_gate", "publish", "clean_up"):
        run_task(run, stage)
    assert own_nights.hashes() == before
    assert own_nights.query(PARTITIONS) != held, "one that differs is replaced"
    run_task(run, "publish")
    assert own_nights.hashes() == before


def test_an_audience_whose_source_ends_the_session_is_tried_again(own_nights, tmp_path):
    """In the middle of what it sends; the next try ends as if nothing had happened."""
    members = own_nights.query(MEMBERS)
    own_nights.query(
        "create table outage (is_on boolean);"
        " create view flickering as select responders.* from responders where customer_id < 300"
        " or not exists (select from outage) or pg_terminate_backend(pg_backend_pid())",
        source=True,
    )
    flickering = RESPONDED.replace("responders", "flickering")
    asked = FILES["responders"] | {"seed": {"query": flickering}}
    write_audiences(tmp_path, FILES | {"responders": asked})
    tries = []

    def interrupted(stage, run):
        if stage == "train_audience" and not tries:
            own_nights.query("insert into outage values (true)", source=True)
            with pytest.raises(UnreachableError, match=r"seed.query: cannot be read"):
                run_task(run, "train_audience", audience="responders")
            tries.append(run.reopened().build.facts.get("audience:responders"))
            own_nights.query("truncate outage", source=True)

    with audiences_in(tmp_path):
        own_nights.run(SPEC, NEXT_NIGHT, before=interrupted)
    assert tries == [None]
    assert own_nights.query(MEMBERS) == members
