"""Exports of audiences: who is in the file, what is recorded, and what is left of it."""

import csv
import hashlib
import hmac
import io
import logging
import stat
from datetime import timedelta

import pytest
import yaml

from integration.audiences.audience_scene import (
    BY_LABEL,
    BY_QUERY,
    FEATURES,
    FIRST_NIGHT,
    LABEL,
    audiences_in,
    open_scene,
    scene_spec,
    write_audiences,
)
from integration.command import Command
from integration.leaving import SECRET, request, tables_with
from integration.warehouse import moment
from kindred.audiences import export_rows
from kindred.erasure.task import erase
from kindred.errors import UnreachableError
from kindred.history.erasure_key import VARIABLE
from webhooks import listening

SPEC = scene_spec(private=["state"])
FILES = {
    "responders": {
        **BY_QUERY,
        "exclude": {"table": "opt_outs"},
        "sizes": ["10%", "50%"],
        "control_share": "40%",
        "outcome": {"label": LABEL, "days": 20},
    },
    "few": {"seed": {"query": "select 1 as id where now() > :as_of"}},
    "buyers": {**BY_LABEL, "exclude": {"label": {LABEL: "no"}}},
}
SPEC_FILE = {
    "source": {"table": "customers", "key": "customer_id", "updated_at": "updated_at"},
    "features": FEATURES,
    "labels": [LABEL],
    "private": ["state"],
}
HMAC_KEY = "k" * 32
MEMBERS = (
    "select customer_id from bi.audience_members_current where audience = %s and tier <= %s"
    " and role = %s order by 1"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of audience files."""
    folder = tmp_path_factory.mktemp("audiences")
    write_audiences(folder, FILES)
    return folder


@pytest.fixture(scope="module")
def published(make_laboratory, folder):
    """A published night with audiences; customers of the source have an address each."""
    laboratory = make_laboratory()
    open_scene(laboratory)
    laboratory.query(
        "alter table customers add column email text, add column secret text;"
        " update customers set email = case when customer_id % 7 = 0 then ' '"
        " else ' Person' || customer_id || '@Example.COM' end, secret = 'x'",
        source=True,
    )
    laboratory.fit(SPEC, FIRST_NIGHT)
    with audiences_in(folder):
        laboratory.run(SPEC, FIRST_NIGHT)
    return laboratory


@pytest.fixture
def scene(published, copy_laboratory):
    """A copy of it that a test may change."""
    return copy_laboratory(published)


@pytest.fixture
def kindred(folder, tmp_path):
    """The command; exports go into ``out``."""
    features, out = tmp_path / "features", tmp_path / "out"
    features.mkdir()
    out.mkdir()
    (features / "default.yaml").write_text(yaml.safe_dump(SPEC_FILE))

    def command(laboratory, *arguments, **changes):
        places = {
            "KINDRED_AUDIENCES": str(folder),
            "KINDRED_EXPORT_ROOTS": str(out),
            VARIABLE: SECRET,
        }
        return Command(laboratory, features)(*arguments, **places | changes)

    command.out = out
    return command


def values(path):
    """Header and values of a file."""
    text = io.StringIO(path.read_bytes().decode(), newline="")
    header, *rows = [row for (row,) in csv.reader(text)]
    return header, rows


def members(laboratory, audience="responders", tier=0.5, role="member"):
    return [key for (key,) in laboratory.query(MEMBERS, (audience, tier, role))]


def records(laboratory):
    columns = "number, status, tier, members, control, left_out, lines, column_name, hashing"
    return laboratory.query(f"select {columns} from kindred.audience_exports order by 1")  # noqa: S608


def frozen(laboratory, number, role):
    rows = laboratory.query(
        "select customer_id from kindred.audience_export_customers where number = %s and role = %s"
        " order by 1",
        (number, role),
    )
    return [key for (key,) in rows]


def test_members_are_exported_without_control_and_recorded(scene, kindred):
    path = kindred.out / "file.csv"
    code, printed = kindred(scene, "export-audience", "responders", "--tier", "10%", "--out", str(path))
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
    code, printed = kindred(scene, "export-audience", "responders", "--tier", "0.1", "--out", str(path))
    assert code == 1
    assert "the file exists; give another name, or --force" in printed
    again = kindred.out / "again.csv"
    assert kindred(scene, "export-audience", "responders", "--tier=10%", f"--out={again}")[0] == 0
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
        (["--column=emial"], "the source has no such column; it has age, bought, customer_id, emai"),
        (["--column=email", "--hash=hmac"], "KINDRED_EXPORT_KEY: 5 characters were found, at leas"),
        (["--tier=7%"], "--tier 7%: audience 'responders' has the sizes 10%, 50% in snapshot"),
        (["--tier=seven"], "--tier 'seven': a share of the pool is expected, such as 5%"),
        (["--as-of=2026-01-01"], "no snapshot 2026-01-01T00:00:00+00:00 is published in this"),
        (["--connection=crm"], "exactly one of --out and --connection must be given"),
        (["--out=/etc/a.csv"], "is outside the folders in which exports may be written"),
        (["--out=no/a.csv"], "--out"),
    ],
)
def test_what_cannot_be_exported_changes_nothing(published, kindred, arguments, message):
    given = ["export-audience", "responders", "--tier=10%", f"--out={kindred.out}/a.csv"]
    code, printed = kindred(published, *given, *arguments, KINDRED_EXPORT_KEY="short")
    assert code == 1
    assert message in printed
    assert records(published) == []
    assert list(kindred.out.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [("few", "has no members of it: too few seeds"), ("no_one", "has no such audience")],
)
def test_an_audience_without_members_is_not_exported(published, kindred, name, message):
    arguments = (name, "--tier=10%", f"--out={kindred.out}/a.csv")
    code, printed = kindred(published, "export-audience", *arguments)
    assert code == 1
    assert message in printed


def test_without_roots_the_sentence_says_what_to_write(published, kindred):
    arguments = ("responders", "--tier=10%", f"--out={kindred.out}/a.csv")
    code, printed = kindred(published, "export-audience", *arguments, KINDRED_EXPORT_ROOTS=None)
    assert code == 1
    assert "KINDRED_EXPORT_ROOTS: no folder is set" in printed
    assert "KINDRED_EXPORT_ROOTS=/srv/exports" in printed
