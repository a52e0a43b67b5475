"""Exports of audiences: who is in the file, and what is recorded."""

import hashlib
import hmac
import json
import logging
import stat

import pytest

from integration.audiences.audience_scene import (
    FIRST_NIGHT,
    LABEL,
    write_audiences,
)
from integration.audiences.export_scene import FILES, export, frozen, members, records, values
from integration.leaving import SECRET, request, tables_with
from integration.warehouse import moment
from kindred.erasure.task import erase
from kindred.history.erasure_key import VARIABLE
from kindred.spec.audiences import Population
from webhooks import listening

HMAC_KEY = "k" * 32


def test_members_are_exported_without_control_and_recorded(scene, kindred):
    path = kindred.out / "file.csv"
    code, printed = kindred(
        scene, "export-audience", "responders", "--tier", "10%", "--out", str(path)
    )
    assert code == 0, printed
    expected, control = members(scene, tier=0.1), members(scene, tier=0.1, role="control")
    assert len(expected) > 20
    assert len(control) > 5
    assert values(path) == ("customer_id", [str(key) for key in expected])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    counts = (len(expected), len(control), 0, len(expected))
    assert records(scene) == [(1, "finished", 0.1, *counts, None, "none")]
    assert frozen(scene, 1, "member") == expected
    assert frozen(scene, 1, "control") == control
    [row] = scene.query(
        "select audience, as_of, exported_by, login, destination, digest, failure, outcome"
        " from kindred.audience_exports"
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert "@" in row[2]
    assert (*row[:2], *row[3:]) == (
        *("responders", moment(FIRST_NIGHT), "kindred", str(path), digest, None),
        {"label": LABEL, "event": None, "days": 20},
    )
    code, printed = kindred(
        scene, "export-audience", "responders", "--tier", "0.1", "--out", str(path)
    )
    assert code == 1
    assert "the file exists; give another name, or --force" in printed
    again = kindred.out / "again.csv"
    arguments = ("responders", "--tier=10%", f"--out={again}", f"--as-of={FIRST_NIGHT[:10]}")
    assert kindred(scene, "export-audience", *arguments)[0] == 0
    assert again.read_bytes() == path.read_bytes()
    path.write_text("mine")
    arguments = ("responders", "--tier=10%", f"--out={path}", "--force")
    assert kindred(scene, "export-audience", *arguments)[0] == 0
    assert again.read_bytes() == path.read_bytes()
    assert [row[:2] for row in records(scene)] == [(n, "finished") for n in (1, 2, 3)]


def test_a_column_is_hashed_as_platforms_take_it_and_stored_nowhere(scene, kindred):
    keys = [key for key in members(scene) if key % 7]
    plain = [f"person{key}@example.com" for key in keys]
    hashes = {
        "sha256": [hashlib.sha256(text.encode()).hexdigest() for text in plain],
        "hmac": [hmac.new(HMAC_KEY.encode(), t.encode(), "sha256").hexdigest() for t in plain],
        "none": [f" Person{key}@Example.COM" for key in keys],
    }
    for hashing, expected in hashes.items():
        path = kindred.out / f"{hashing}.csv"
        arguments = ("responders", "--tier=50%", f"--out={path}", "--column=email")
        # Hashing by sha256 is the default of a column.
        chosen = () if hashing == "sha256" else (f"--hash={hashing}",)
        code, printed = kindred(
            scene, "export-audience", *arguments, *chosen, KINDRED_EXPORT_KEY=HMAC_KEY
        )
        assert code == 0, printed
        assert values(path) == ("email", expected)
        lost = len(members(scene)) - len(keys)
        assert f"{lost} members have no value in column email" in printed
    assert frozen(scene, 1, "member") == members(scene)
    needles = ("person", "Person", hashes["sha256"][0], hashes["hmac"][0])
    assert tables_with(scene, *needles) == set()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--column=state"], "the column is private in space default; it is never exported"),
        (
            ["--column=emial"],
            "the source has no such column; it has age, bought, customer_id, emai",
        ),
        (["--column=email", "--hash=hmac"], "KINDRED_EXPORT_KEY: 5 characters were found, at leas"),
        (["--tier=7%"], "--tier 7%: audience 'responders' has the sizes 10%, 50% in snapshot"),
        (["--tier=seven"], "--tier 'seven': a share of the pool is expected, such as 5%"),
        (["--as-of=2026-01-01"], "no snapshot 2026-01-01T00:00:00+00:00 is published in this"),
        (["--connection=crm"], "exactly one of --out and --connection must be given"),
        (["--out=/etc/a.csv"], "is outside the folders in which exports may be written"),
        (["--out=no/a.csv"], "--out"),
    ],
)
def test_what_cannot_be_exported_changes_nothing(exportable, kindred, arguments, message):
    given = ["export-audience", "responders", "--tier=10%", f"--out={kindred.out}/a.csv"]
    code, printed = kindred(exportable, *given, *arguments, KINDRED_EXPORT_KEY="short")
    assert code == 1
    assert message in printed
    assert records(exportable) == []
    assert list(kindred.out.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [("few", "has no members of it: too few seeds"), ("no_one", "has no such audience")],
)
def test_an_audience_without_members_is_not_exported(exportable, kindred, name, message):
    arguments = (name, "--tier=10%", f"--out={kindred.out}/a.csv")
    code, printed = kindred(exportable, "export-audience", *arguments)
    assert code == 1
    assert message in printed


def test_without_roots_the_sentence_says_what_to_write(exportable, kindred):
    arguments = ("responders", "--tier=10%", f"--out={kindred.out}/a.csv")
    code, printed = kindred(exportable, "export-audience", *arguments, KINDRED_EXPORT_ROOTS=None)
    assert code == 1
    assert "KINDRED_EXPORT_ROOTS: no folder is set" in printed
    assert "KINDRED_EXPORT_ROOTS=/srv/exports" in printed


def test_who_opts_out_or_is_erased_after_the_night_is_in_no_export(scene, kindred, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    first = export(kindred, scene)
    held = members(scene, role="control")
    gone, out, control_out = first[0], first[3], held[0]
    scene.append("opt_outs", [(out,), (control_out,), (7_000_000,)])
    receipt = erase(scene.deployment, "default", request(scene, gone))
    assert receipt["rows"]["audience_export_customers"] == 1
    assert receipt["exports"] == [1], "who received the file must be told"
    second = export(kindred, scene, "b.csv")
    assert second == [key for key in first if key not in (gone, out)]
    assert frozen(scene, 2, "member") == second
    assert frozen(scene, 2, "control") == held[1:]
    # The counts of the first one stay; in the second one nobody has to be erased any more.
    assert records(scene)[0][3:6] == (len(first), len(held), 0)
    assert records(scene)[1][3:6] == (len(first) - 2, len(held) - 1, 2)
    assert len(frozen(scene, 1, "member")) == len(first) - 1
    # Should a row of an erased customer be there again, the hash of its key gives it away.
    scene.query(
        "update kindred.audience_members set customer_id = %s where customer_id = %s",
        (gone, second[0]),
    )
    assert export(kindred, scene, "c.csv") == second[1:]
    code, printed = kindred(
        scene, "export-audience", "responders", "--tier=50%", f"--out={kindred.out}/d.csv",
        KINDRED_ERASURE_KEY=None,
    )  # fmt: skip
    assert code == 1
    assert VARIABLE in printed
    assert len(records(scene)) == 3


def test_nothing_is_exported_while_it_is_not_known_who_is_excluded(scene, kindred):
    scene.query("alter table opt_outs rename to opted_out", source=True)
    arguments = ("responders", "--tier=50%", f"--out={kindred.out}/a.csv")
    code, printed = kindred(scene, "export-audience", *arguments)
    assert code == 1
    assert "who is excluded now cannot be read, so that nothing is exported" in printed
    assert records(scene) == []
    # The file as it is now counts too, and that which made the snapshot.
    scene.query("alter table opted_out rename to opt_outs", source=True)
    expected = members(scene)
    scene.append("opt_outs", [(expected[0],)])
    now = kindred.out.parent / "audiences"
    other = {**FILES["responders"], "exclude": {"query": f"select {expected[1]} as customer_id"}}
    write_audiences(now, {"responders": other})
    assert export(kindred, scene, KINDRED_AUDIENCES=str(now)) == expected[2:]
    odd = {**other, "exclude": {"query": "values (0), (null)"}}  # nobody's, which may be right
    write_audiences(now, {"responders": odd})
    arguments = ("responders", "--tier=50%", f"--out={kindred.out}/odd.csv")
    code, printed = kindred(scene, "export-audience", *arguments, KINDRED_AUDIENCES=str(now))
    assert code == 0
    assert "warning: 1 rows of 'exclude' have no id" in printed
    assert "warning: none of the 1 ids of 'exclude' is a customer of the snapshot" in printed
    write_audiences(now, {})
    assert export(kindred, scene, "b.csv", KINDRED_AUDIENCES=str(now)) == expected[1:]
    arguments = ("responders", "--tier=50%", f"--out={kindred.out}/c.csv")
    code, printed = kindred(scene, "export-audience", *arguments, KINDRED_AUDIENCES=f"{now}/gone")
    assert code == 1
    assert "who is excluded now is not known" in printed
    (now / "responders.yaml").write_text("seed: 5")
    arguments = ("responders", "--tier=50%", f"--out={kindred.out}/c.csv")
    code, printed = kindred(scene, "export-audience", *arguments, KINDRED_AUDIENCES=str(now))
    assert code == 1
    assert "its file cannot be used" in printed
    stored = scene.query("select distinct as_of from kindred.audience_ids")
    assert stored == [(moment(FIRST_NIGHT),)]
    # SQL that has changed since is not stored, so that nobody knows whom it would exclude.
    scene.query(
        "update kindred.audiences set settings = jsonb_set(settings, '{exclude}',"
        """ '{"query": "digest:0123456789abcdef"}')"""
    )
    code, printed = kindred(scene, "export-audience", *arguments)
    assert code == 1
    assert "the SQL of 'exclude' has changed since the snapshot was made" in printed
    exclude = Population(query="select customer_id from opt_outs")
    scene.query(
        "update kindred.audiences set settings = jsonb_set(settings, '{exclude}', %s)",
        [json.dumps(exclude.without_sql().model_dump())],
    )
    same = {**FILES["responders"], "exclude": {"query": exclude.query}}
    write_audiences(now, {"responders": same})
    changed = {"KINDRED_AUDIENCES": str(now)}
    assert export(kindred, scene, "d.csv", **changed) == expected[1:]
    (kindred.out / "d.csv").unlink()
    # Everybody may be excluded.
    scene.query("insert into opt_outs select customer_id from customers", source=True)
    code, printed = kindred(scene, "export-audience", *arguments, **changed)
    assert code == 1
    assert "nobody is left to export in the tier of 50% (control group: 0; erased or" in printed
    assert len(records(scene)) == 4
    assert {path.name for path in kindred.out.iterdir()} == {"a.csv", "b.csv", "odd.csv"}


def test_an_endpoint_comes_from_a_connection_and_appears_nowhere(scene, kindred, caplog):
    caplog.set_level(logging.DEBUG)
    given = ("export-audience", "responders", "--tier=50%", "--column=email", "--connection=upload")
    with listening(as_json=False) as webhook:
        address = {"AIRFLOW_CONN_UPLOAD": webhook.address}
        code, printed = kindred(scene, *given, **address)
        assert code == 0, printed
        [(path, kind, body)] = webhook.posted
        for status in (302, 500):
            webhook.status = status
            refused, why = kindred(scene, *given, **address)
            assert refused == 1
            assert f"HTTP {status}" in why
            printed += why
    code, why = kindred(scene, *given, **address)
    assert code == 1
    assert "connection 'upload': the endpoint could not be reached" in why
    expected = [key for key in members(scene) if key % 7]
    assert (path, kind) == ("/T0/B0/hush", "text/csv; charset=utf-8")
    hashes = body.decode().split("\r\n")
    assert len(hashes) == len(expected) + 2
    for secret in ("hush", hashes[1]):
        assert secret not in printed + why + caplog.text
    found = scene.query("select status, destination, failure from kindred.audience_exports")
    assert [(row[:2], row[2] is None) for row in found] == [
        (("finished", "connection upload"), True),
        *[(("unfinished", "connection upload"), False)] * 3,
    ]
    for wrong in ("http://example.com/a", scene.source_dsn, '{"conn_type": "postgres"}', "{"):
        code, printed = kindred(scene, *given, AIRFLOW_CONN_UPLOAD=wrong)
        assert code == 1
        assert "connection 'upload'" in printed
    assert len(records(scene)) == 4
