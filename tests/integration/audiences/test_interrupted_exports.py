"""Exports that are killed, fail halfway or are overtaken, and what is left of old ones."""

import logging
from datetime import timedelta

import pytest

from integration.audiences.export_scene import export, frozen, members, records, values
from integration.leaving import SECRET, request
from kindred.audiences import export_file, export_rows
from kindred.erasure.task import erase
from kindred.errors import LockTimeoutError, UnreachableError
from kindred.history.erasure_key import VARIABLE


def test_an_erasure_waits_until_an_export_has_ended(scene, kindred, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    first, read = members(scene)[0], export_rows.read_members
    number = request(scene, first)

    def erase_meanwhile(*arguments):
        scene.environment["KINDRED_LOCK_WAIT_SECONDS"] = "0"
        with pytest.raises(LockTimeoutError, match="resource erasure of kindred has been held"):
            erase(scene.deployment, "default", number)
        read(*arguments)

    monkeypatch.setattr(export_rows, "read_members", erase_meanwhile)
    assert first in export(kindred, scene)
    assert erase(scene.deployment, "default", number)["exports"] == [1]


@pytest.mark.parametrize("moment_of_death", ["read_members", "record_written", "finish"])
def test_a_killed_export_is_recorded_and_the_same_command_completes_it(
    scene, kindred, monkeypatch, moment_of_death
):
    done = getattr(export_rows, moment_of_death)

    def die(*arguments):
        raise UnreachableError("killed")

    monkeypatch.setattr(export_rows, moment_of_death, die)
    arguments = ("responders", "--tier=50%", f"--out={kindred.out}/a.csv")
    code, printed = kindred(scene, "export-audience", *arguments)
    assert (code, "killed" in printed) == (1, True)
    [(number, status, *_, lines, _, _)] = records(scene)
    assert (number, status) == (1, "unfinished")
    assert frozen(scene, 1, "member") == members(scene)
    is_there = moment_of_death == "finish"
    assert [path.name for path in kindred.out.iterdir()] == (["a.csv"] if is_there else [])
    monkeypatch.setattr(export_rows, moment_of_death, done)
    if is_there:
        assert lines == len(members(scene))
        code, printed = kindred(scene, "export-audience", *arguments)
        assert code == 0
        assert "the file was there already, complete: that is recorded now" in printed
        assert [row[:2] for row in records(scene)] == [(1, "finished")]
        assert kindred(scene, "export-audience", *arguments)[0] == 1
    else:
        assert export(kindred, scene) == members(scene)
        assert [row[:2] for row in records(scene)] == [(1, "unfinished"), (2, "finished")]
        assert scene.query("select failure from kindred.audience_exports where number = 1") == [
            ("killed",)
        ]


def test_a_source_that_fails_halfway_leaves_no_file(scene, kindred):
    scene.query(
        "create function fail(id bigint) returns text language plpgsql volatile as"
        " $$ begin if id > 400 then raise exception 'halfway'; end if; return id; end $$;"
        " alter table customers rename to people;"
        " create view customers as select people.*, fail(customer_id) as code from people",
        source=True,
    )
    arguments = ("responders", "--tier=50%", f"--out={kindred.out}/a.csv", "--column=code")
    code, printed = kindred(scene, "export-audience", *arguments)
    assert (code, "cannot be read: halfway" in printed) == (1, True)
    assert list(kindred.out.iterdir()) == []
    [(status, failure)] = scene.query("select status, failure from kindred.audience_exports")
    assert status == "unfinished"
    assert "the source could not be read" in failure
    assert "halfway" not in failure, "what a server says may quote a value"


def test_a_file_that_is_another_than_the_killed_exports_stays(scene, kindred, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(export_rows, "finish", lambda *_: None)
        export(kindred, scene)
    (kindred.out / "a.csv").write_text("customer_id\r\n1\r\n")
    arguments = ("responders", "--tier=50%", f"--out={kindred.out}/a.csv")
    code, printed = kindred(scene, "export-audience", *arguments)
    assert (code, "the file exists" in printed) == (1, True)
    assert [row[:2] for row in records(scene)] == [(1, "unfinished")]
    # A file is that of one export: of the second one now, though the first had the same lines.
    (kindred.out / "a.csv").unlink()
    export(kindred, scene)
    code, printed = kindred(scene, "export-audience", *arguments)
    assert (code, "the file exists" in printed) == (1, True)
    assert [row[:2] for row in records(scene)] == [(1, "unfinished"), (2, "finished")]


def test_the_file_of_a_killed_export_is_not_taken_once_somebody_in_it_must_not_be(
    scene, kindred, monkeypatch
):
    monkeypatch.setenv(VARIABLE, SECRET)
    with monkeypatch.context() as patch:
        patch.setattr(export_rows, "finish", lambda *_: None)
        first = export(kindred, scene)
    arguments = ("export-audience", "responders", "--tier=50%", f"--out={kindred.out}/a.csv")
    scene.append("opt_outs", [(first[3],)])
    code, printed = kindred(scene, *arguments)
    assert (code, "somebody in it has been erased or excluded" in printed) == (1, True)
    scene.query("delete from opt_outs where customer_id = %s", (first[3],), source=True)
    erase(scene.deployment, "default", request(scene, first[5]))
    assert kindred(scene, *arguments)[0] == 1
    assert [row[:2] for row in records(scene)] == [(1, "unfinished")]
    assert kindred(scene, *arguments, "--force")[0] == 0
    assert values(kindred.out / "a.csv")[1] == [str(key) for key in first if key != first[5]]
    assert [row[:2] for row in records(scene)] == [(1, "unfinished"), (2, "finished")]


def test_two_exports_to_one_file_are_one(scene, kindred, monkeypatch):
    give = export_file._give_name

    def be_overtaken(*arguments):
        monkeypatch.setattr(export_file, "_give_name", give)
        export(kindred, scene)
        give(*arguments)

    monkeypatch.setattr(export_file, "_give_name", be_overtaken)
    arguments = ("responders", "--tier=50%", f"--out={kindred.out}/a.csv")
    for _ in range(2):
        code, printed = kindred(scene, "export-audience", *arguments)
        assert (code, "the file exists" in printed) == (1, True)
        assert [row[:2] for row in records(scene)] == [(1, "unfinished"), (2, "finished")]


def test_customers_of_old_exports_go_and_their_counts_stay(scene, kindred, caplog):
    caplog.set_level(logging.INFO)
    export(kindred, scene)
    export(kindred, scene, "b.csv")
    [(exported_at,)] = scene.query("select max(exported_at) from kindred.audience_exports")
    with scene.deployment.warehouse("test", "kindred") as warehouse:
        kept = len(frozen(scene, 1, "member"))
        for days, keep_days, outcome, left in (
            (399, 400, None, kept),
            (401, 0, None, kept),
            (54, 10, None, kept),
            ("no outcome", 0, None, kept),
            (64, 10, 30, kept),  # the file names one now
            (56, 10, 20, 0),
        ):
            if days == "no outcome":
                scene.query("update kindred.audience_exports set outcome = null")
                continue
            later = exported_at + timedelta(days=days)
            outcomes = {"responders": outcome and {"days": outcome}, "other": None}
            export_rows.delete_old_exported(warehouse, later, keep_days, outcomes)
            assert len(frozen(scene, 1, "member")) == left, (days, outcome)
    assert "deleted, 10 days after it: no outcome was ever counted for it" in caplog.text
    assert [row[3] for row in records(scene)] == [kept, kept]
