"""The command ``kindred`` with the connections of Airflow's variables.

A process of its own takes a second to begin: most tests call the command within theirs.
"""

import json
import subprocess
from contextlib import closing

import psycopg2
import pytest
from psycopg2 import sql

from integration.command import CONTENT, Command, command_on
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.spec.model import spec_from_dict
from local.postgres import as_user, binary

FIRST, SECOND = "2026-01-05T02:00:00+00:00", "2026-01-06T02:00:00+00:00"


@pytest.fixture(scope="module")
def run(make_laboratory, tmp_path_factory):
    """The command on a shop and a warehouse that nothing here may change."""
    return command_on(make_laboratory(is_bare=True), tmp_path_factory.mktemp("features"))


@pytest.fixture(scope="module")
def original_night(make_laboratory):
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(400))
    laboratory.run(spec_of(), FIRST[:16])
    return laboratory


@pytest.fixture
def after_a_night(original_night, copy_laboratory, tmp_path):
    """The command on a shop and a warehouse with one snapshot."""
    command = Command(copy_laboratory(original_night), tmp_path)
    command.write_spec()
    return command


def spec_of(**changes):
    """What the command reads, in which these keys are others."""
    return spec_from_dict({"space": "default", **CONTENT, **changes}, where="test")


@pytest.fixture
def run_once(laboratory, tmp_path_factory):
    """The command on a shop and an empty warehouse of its own."""
    return command_on(laboratory, tmp_path_factory.mktemp("features"))


def everything(laboratory):
    """Relations, schemas, extensions and roles of both databases, and the artefacts."""
    found = [sorted(laboratory.artefacts.rglob("*"))]
    for dsn in (laboratory.source_dsn, laboratory.warehouse_dsn):
        with closing(psycopg2.connect(dsn)) as connection:
            cursor = connection.cursor()
            for query in (
                "select oid, relname, relfilenode from pg_class order by 1",
                "select nspname, nspacl::text from pg_namespace order by 1",
                "select extname from pg_extension order by 1",
                "select rolname from pg_roles order by 1",
            ):
                cursor.execute(query)
                found.append(cursor.fetchall())
    return found


def test_doctor_finds_a_good_place_and_changes_nothing(run):
    before = everything(run.laboratory)
    code, printed = run.process("doctor")
    assert code == 0, printed
    assert "kindred doctor, space default" in printed
    for check in ("settings and spec", "server", "pgvector", "rights", "disk", "source"):
        assert f" {check} ok " in printed
    assert "ready to run" in printed
    assert everything(run.laboratory) == before


def without(name):
    return {key: value for key, value in CONTENT["source"].items() if key != name}


UNREACHABLE = "postgresql://kindred:topsecret@/nowhere?host=/nowhere"
CASES = {
    "no such table": (
        {"source": CONTENT["source"] | {"table": "clients"}},
        {},
        ["source failure", "table clients", "no such table or view", "check 'source.table'"],
    ),
    "no such column": (
        {"features": {"salary": "numeric"}},
        {},
        ["source failure", "no column 'salary'", "the source has age, churned", "correct the spec"],
    ),
    "no key column": (
        {"source": CONTENT["source"] | {"key": "number"}},
        {},
        ["source failure", "no column 'number'", "names as key"],
    ),
    "a column in another case, and one like markup": (
        {"features": {"AGE": "numeric", "[red] :car:": "numeric"}},
        {},
        ["no column 'AGE'", "did you mean 'age'?", "no column '[red] :car:'"],
    ),
    "a spec that cannot be used": (
        {"metric": "manhattan"},
        {},
        ["settings and spec failure", "default.yaml: metric", "allowed are l2, cosine, ip"],
    ),
    "a setting out of bounds": (
        {},
        {"KINDRED_SHARD_ROWS": "7"},
        ["settings and spec failure", "KINDRED_SHARD_ROWS='7'", "of at least 1,000"],
    ),
    "a setting that DAG files alone read": (
        {},
        {"KINDRED_QUEUES": '{"plan_grap": "heavy"}'},
        [
            "settings and spec failure",
            "KINDRED_QUEUES: there is no task",
            "did you mean 'plan_graph'",
        ],
    ),
    "a folder that each process has elsewhere": (
        {},
        {"KINDRED_ARTIFACTS": "artifacts"},
        ["settings and spec failure", "KINDRED_ARTIFACTS='artifacts': a full path or a URL is"],
    ),
    "a store of no kind": (
        {},
        {"KINDRED_ARTIFACTS": "foo://bucket/artifacts"},
        ["artefacts failure", "foo://bucket/artifacts cannot be opened", "full paths, and URLs"],
    ),
    "too little disk": (
        {},
        {"KINDRED_MIN_FREE_DISK_MB": "999999999"},
        ["disk failure", "999999999 MB are needed", "point KINDRED_ARTIFACTS elsewhere"],
    ),
    "no warehouse": (
        {},
        {"AIRFLOW_CONN_KINDRED_WAREHOUSE": UNREACHABLE},
        ["connections failure", "'kindred_warehouse'", "cannot connect", "AIRFLOW_CONN_KINDRED_"],
    ),
    "a connection that is no URI": (
        {},
        {"AIRFLOW_CONN_KINDRED_SOURCE": "topsecret"},
        ["connections failure", "AIRFLOW_CONN_KINDRED_SOURCE is neither a URI such as"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_doctor_says_what_is_wrong_and_what_to_do(run, case):
    spec, environment, words = CASES[case]
    before = everything(run.laboratory)
    run.write_spec(**spec)
    try:
        code, printed = run("doctor", **environment)
    finally:
        run.write_spec()
    assert code == 1
    for word in words:
        assert word in printed
    assert "1 failed" in printed
    assert "topsecret" not in printed
    assert everything(run.laboratory) == before


def test_doctor_tells_of_missing_rights_and_of_all_else_at_once(run, server):
    login = sql.Identifier("visitor_of_cli_tests")
    with closing(psycopg2.connect(server.dsn("postgres"))) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql.SQL("create role {} login").format(login))
    visitor = as_user(run.laboratory.warehouse_dsn, "visitor_of_cli_tests")
    run.write_spec(features={"salary": "numeric"})
    try:
        code, printed = run("doctor", AIRFLOW_CONN_KINDRED_WAREHOUSE=visitor)
    finally:
        run.write_spec()
    assert code == 1
    assert "may not create schema kindred" in printed
    assert "grant create on database" in printed
    assert "no column 'salary'" in printed


def test_what_page_reader_prints_lets_an_administrator_install_it(run_once):
    run_once.write_spec(clustering={"algorithms": ["ivfflat"]})
    code, printed = run_once("doctor")
    assert code == 0, printed
    assert "index pages warning" in printed
    assert "have a superuser run what 'kindred page-reader --space default' prints" in printed
    _, script = run_once.verbatim("page-reader")
    administrator = as_user(run_once.laboratory.warehouse_dsn, "postgres")
    psql = [binary("psql"), administrator, "-Xq", "-v", "ON_ERROR_STOP=1"]
    subprocess.run(psql, input=script, text=True, check=True)
    assert "index pages ok" in run_once("doctor")[1]


def test_an_unknown_space_is_refused_with_those_there_are(run):
    code, printed = run("doctor", "--space", "buying")
    assert code == 1
    assert "there is no feature spec 'buying'; there are default" in printed
    code, printed = run("hash", "--space", "DEFAULT")
    assert code == 1
    assert "feature spec 'DEFAULT'; there are default; did you mean 'default'?" in printed


def test_a_connection_that_nobody_knows_is_named(run, tmp_path):
    code, printed = run.process(
        "doctor", AIRFLOW_CONN_KINDRED_SOURCE=None, AIRFLOW_HOME=str(tmp_path / "airflow")
    )
    assert code == 1
    assert (
        "no connection 'kindred_source'; add it in the UI, or set AIRFLOW_CONN_KINDRED_SOURCE"
        in (printed)
    )


LATEST = ("--snapshots", "latest_only")


def test_backfill_plan_names_the_commands_and_changes_nothing(run):
    before = everything(run.laboratory)
    code, printed = run("backfill-plan", "--from", "2026-01-05", "--to", "2026-01-06", *LATEST)
    assert code == 0, printed
    assert "Backfill of space default" in printed
    assert "2026-01-06 02:00 new land, compute 0 + none ? ?" in printed
    assert "2 dates, 1 computed" in printed
    assert "no published snapshot to compare with: no forecast of time and disk" in printed
    assert f"first kindred fit --space default --as-of {SECOND} then airflow" in printed
    assert printed.endswith(
        "airflow backfill create --dag-id customer_similarity"
        " --from-date 2026-01-04T02:00:00+00:00 --to-date 2026-01-05T02:00:00+00:00"
        " --max-active-runs 1 --reprocess-behavior completed"
        """ --dag-run-conf '{"snapshots": "latest_only","""
        f""" "latest_as_of": "{SECOND}"}}'"""
    )
    code, printed = run("backfill-plan", "--from", "2026-01-06", "--to", "2026-01-05")
    assert (code, printed) == (
        1,
        "error: from 2026-01-06 is later than to 2026-01-05: give the earlier one as from",
    )
    assert everything(run.laboratory) == before


def test_fit_makes_one_encoder_and_keeps_it(run_once):
    assert run_once("fit", "--as-of", FIRST) == (0, "encoder 1 fitted")
    assert run_once("fit", "--as-of", FIRST) == (0, "encoder 1 exists already and is kept")
    assert run_once("fit", "--as-of", "2026-01-06T03:00:00+01:00") == (
        0,
        "encoder 1 exists already and is kept",
    )
    assert run_once("fit", "--as-of", SECOND, "--refit") == (0, "encoder 2 fitted")
    fitted = run_once.laboratory.query(
        "select version, customers from kindred.encoder_versions order by 1"
    )
    assert fitted == [(1, 80), (2, 100)]
    assert run_once.laboratory.query("select count(*) from bi.snapshots") == [(0,)]


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        ("yesterday", "as-of: 'yesterday' is not an ISO 8601 date or time such as"),
        ("2999-01-01", "end 2999-01-01T00:00:00+00:00 lies in the future"),
        ("2020-01-01", "no customer is known before 2020-01-01T00:00:00+00:00"),
    ],
)
def test_fit_refuses_with_one_line(run_once, as_of, words):
    code, printed = run_once("fit", "--as-of", as_of, "--refit")
    assert code == 1
    assert printed.startswith(f"error: {words}")


def test_withdraw_goes_back_and_says_what_serves(after_a_night):
    laboratory = after_a_night.laboratory
    laboratory.run(spec_of(), SECOND[:16])
    code, printed = after_a_night("withdraw", SECOND)
    assert (code, printed) == (0, f"withdrawn; current is {FIRST}")
    assert laboratory.query("select distinct as_of from bi.lookalikes") == [(moment(FIRST[:16]),)]
    code, printed = after_a_night("withdraw", SECOND)
    assert code == 1
    assert "error: snapshot" in printed
    assert "is not published; see bi.snapshots" in printed


@pytest.mark.bare
def test_relink_wants_a_prepared_space(run_once):
    code, printed = run_once("relink")
    assert code == 1
    assert printed.startswith("error: schema kindred has not been prepared by this version")


def test_relink_says_what_it_changes_and_changes_it_once(run_once):
    laboratory = run_once.laboratory
    laboratory.fill("customers", COLUMNS, people(400, days=4))
    spec, more = spec_of(), spec_of(clustering={"algorithms": ["kmeans"]})
    for as_of, wanted in ((SECOND, spec), (FIRST, more)):  # eight clusters, out of turn
        laboratory.run(wanted, as_of[:16])
    query = "select as_of, algorithm, customer_id, cluster_id from bi.clusters order by 1, 2, 3"
    before = laboratory.query(query)
    code, printed = run_once("relink", "--dry-run")
    assert code == 0
    assert printed.endswith("nothing changed: this was a dry run")
    assert f"{FIRST} kmeans " in printed
    assert "rewritten" in printed
    assert laboratory.query(query) == before
    code, said = run_once("relink")
    assert (code, said) == (
        0,
        printed.replace("nothing changed: this was a dry run", "relinked"),
    )
    assert laboratory.query(query) != before
    code, printed = run_once("relink")
    assert code == 0
    assert printed == "nothing to change: ids, names and lineage are those of dates run in order"


def test_hashes_are_saved_and_compared(after_a_night, tmp_path):
    laboratory, saved = after_a_night.laboratory, tmp_path / "hashes.json"
    code, printed = after_a_night("hash", "--save", str(saved))
    assert code == 0
    for table, digest in laboratory.hashes().items():
        assert f"{digest} {table}" in printed
    code, printed = after_a_night("hash", "--compare", str(saved))
    assert code == 0
    assert printed.endswith(f"EQUAL to {saved}")
    laboratory.run(spec_of(k=4), FIRST[:16])
    code, printed = after_a_night("hash", "--compare", str(saved))
    assert code == 1
    assert printed.endswith(
        f"DIFFERENT from {saved}: customer_lookalikes, published_snapshots, all"
    )


@pytest.mark.parametrize("content", [None, "no json", "[1, 2]"])
def test_a_file_that_holds_no_hashes_is_refused(run, tmp_path, content):
    path = tmp_path / "hashes.json"
    if content is not None:
        path.write_text(content)
    code, printed = run("hash", "--compare", str(path))
    assert code == 1
    assert f"error: --compare {path}: a file of 'kindred hash --save' is expected" in printed


def test_an_encoder_of_fit_is_that_of_a_run(make_laboratory):
    """Whoever fits as of a moment: the encoder is the same to the byte."""
    spec = make_spec()
    fitted = make_laboratory()
    fitted.fill("customers", COLUMNS, people(400))
    fitted.fit(spec, FIRST[:16])
    by_run = make_laboratory(beside=fitted)
    by_run.run(spec, FIRST[:16], until="encode")
    assert by_run.hashes()["encoder_versions"] == fitted.hashes()["encoder_versions"]


def test_an_id_comes_from_standard_input_and_is_printed_by_nothing(run_once):
    run_once.laboratory.land(spec_of(), FIRST.removesuffix("+00:00"))
    assert run_once("request-erasure")[0] == 1
    code, printed = run_once("request-erasure", stdin="no such 381\n")
    assert (code, "381" in printed) == (1, False)
    assert "is not a key of type bigint" in printed
    code, printed = run_once.process("request-erasure", stdin="381\r\n")
    assert code == 0, printed
    assert printed.startswith("erasure request 1; ")
    assert "381" not in printed
    tables = ("customer_versions", "landing_keys", "landing_rows", "snapshot_customers")
    code, printed = run_once("erase", "1", KINDRED_ERASURE_KEY="5" * 64)
    assert code == 0, printed
    assert json.loads(printed)["rows"] == dict.fromkeys(tables, 1)
