"""``bi`` by the clients that people use: equal answers, and only the partition asked for is read.

``make check-clients`` makes the environment and runs this.
"""

import csv
import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from integration.bi_scene import AS_OFS, DATABASE, LOGIN, newest_environment, published_scene
from integration.clients.questions import (
    AS_OF_DATE,
    CUSTOMER,
    ZONES,
    milliseconds,
    questions,
    read_partitions,
    rows_of,
)
from local.postgres import binary

HERE = Path(__file__).parent
JDBC_DRIVER = Path("/usr/share/java/postgresql.jar")
K = 10


@pytest.fixture(scope="module")
def environment(repository):
    found = newest_environment(repository, "clients")
    if found is None:
        pytest.skip("the clients are not here: make check-clients installs them")
    return found


@pytest.fixture(scope="module")
def scene(environment, start_server, repository, tmp_path_factory):
    server = start_server("clients_warehouse")
    with published_scene(server, repository, tmp_path_factory.mktemp("artefacts")) as scene:
        yield scene


@pytest.fixture(scope="module")
def truth(scene):
    """What psycopg2 reads by the same login."""
    asked = questions(str(CUSTOMER), f"date '{AS_OF_DATE}'")
    found = {name: scene.read(asked[name]) for name in ("list", "join", "plan", "times")}
    assert len(found["list"]) == K
    assert sum(count for _, count in found["join"]) == K
    times = [(round(as_of.timestamp() * 1000), str(day)) for as_of, day in found["times"]]
    assert times == [(milliseconds(f"{as_of}+00:00"), as_of[:10]) for as_of in AS_OFS]
    (partitions,) = scene.read("select count(distinct as_of) from bi.lookalikes")
    assert partitions == (len(AS_OFS),)  # there is something to prune
    read = read_partitions(line for (line,) in found["plan"])
    assert len(read) == 1
    return {
        "list": rows_of([map(str, row) for row in found["list"]]),
        "join": rows_of([map(str, row) for row in found["join"]]),
        "times": times,
        "partitions": read,
    }


def check(answers, truth):
    """Answers are cells as text; times have their offset."""
    for name in ("list", "join"):
        assert rows_of(answers[name]) == truth[name], name
    assert answers["times"].keys() == set(ZONES)
    for zone, times in answers["times"].items():
        assert [(milliseconds(as_of), day) for as_of, day in times] == truth["times"], zone
    assert read_partitions(answers["plan"]) == truth["partitions"]


def run(command, scene, stdin="", **variables):
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp")}
    done = subprocess.run(
        list(map(str, command)),
        env=environment | scene.environment | variables,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_psql(scene, truth):
    asked = questions(":'customer'", ":'as_of_date'")
    values = [f"--set=customer={CUSTOMER}", f"--set=as_of_date={AS_OF_DATE}"]

    def ask(name, zone="UTC"):
        command = [binary("psql"), "--no-psqlrc", "--csv", "--tuples-only", *values]
        printed = run(command, scene, stdin=f"{asked[name]};\n", PGTZ=zone)
        return list(csv.reader(io.StringIO(printed)))

    answers = {name: ask(name) for name in ("list", "join")}
    answers["plan"] = [line for (line,) in ask("plan")]
    answers["times"] = {zone: ask("times", zone) for zone in ZONES}
    check(answers, truth)


def asked_by_json(customer, as_of_date):
    asked = {"queries": questions(customer, as_of_date), "zones": ZONES}
    return json.dumps(asked | {"customer": CUSTOMER, "as_of_date": AS_OF_DATE})


def test_pandas_with_sqlalchemy(scene, truth, environment):
    command = [environment / "bin" / "python", HERE / "pandas_client.py"]
    printed = run(command, scene, stdin=asked_by_json(":customer", ":as_of_date"))
    check(json.loads(printed), truth)


def test_odbc(scene, truth, environment):
    (driver,) = Path("/usr/lib").glob("*-linux-gnu/odbc/psqlodbcw.so")
    command = [environment / "bin" / "python", HERE / "odbc_client.py", driver]
    printed = run(command, scene, stdin=asked_by_json("?", "?"))
    check(json.loads(printed), truth)


def test_jdbc(scene, truth):
    asked = {f"QUERY_{name.upper()}": text for name, text in questions("?", "?").items()}
    asked |= {"CUSTOMER": str(CUSTOMER), "AS_OF_DATE": AS_OF_DATE}
    answers = {"times": {}}
    for zone in ZONES:
        command = ["java", f"-Duser.timezone={zone}", "-cp", JDBC_DRIVER, HERE / "JdbcClient.java"]
        lines = [line.split("\t") for line in run(command, scene, **asked).splitlines()]
        found = {name: [row for kind, *row in lines if kind == name] for name in questions("", "")}
        answers["times"][zone] = found["times"]
        answers |= {"list": found["list"], "join": found["join"]}
        answers["plan"] = [line for (line,) in found["plan"]]
    check(answers, truth)


SCHEMA = "analytics"
# Of CUSTOMER, in the newest snapshot; and of AS_OF_DATE.
MODEL = """
select name, count(*) as lookalikes
from {{ source('kindred', 'lookalikes') }} as found
join {{ source('kindred', 'clusters') }} as members
  on members.as_of = found.as_of and members.customer_id = found.lookalike_id
join {{ source('kindred', 'cluster_summary') }} as segments
  on segments.as_of = members.as_of and segments.algorithm = members.algorithm
  and segments.cluster_id = members.cluster_id
where found.as_of = {{ kindred.snapshot_of('2018-04-01') }}
  and found.customer_id = 4 and members.algorithm = 'kmeans'
group by name
"""
PRUNED = """
select count(*) as rows from {{ source('kindred', 'lookalikes') }}
where as_of = {{ kindred.snapshot_of('2018-03-01') }}
"""
PROFILE = {
    "shop": {
        "target": "test",
        "outputs": {
            "test": {
                "type": "postgres",
                "host": "{{ env_var('PGHOST') }}",
                "port": "{{ env_var('PGPORT') | as_number }}",
                "user": "{{ env_var('PGUSER') }}",
                "password": "{{ env_var('PGPASSWORD') }}",
                "dbname": DATABASE,
                "schema": SCHEMA,
                "threads": 2,
            }
        },
    }
}


@pytest.fixture(scope="module")
def dbt(scene, environment, repository, tmp_path_factory):
    """The command in a project of a user, who has added the package and a model of their own."""
    scene.administer(f"create schema {SCHEMA} authorization {LOGIN}")
    project = tmp_path_factory.mktemp("project")
    package = tmp_path_factory.mktemp("package") / "dbt"
    shutil.copytree(repository / "deploy" / "dbt", package)
    files = {
        "dbt_project.yml": {"name": "shop", "version": "1.0.0", "profile": "shop"},
        "packages.yml": {"packages": [{"local": str(package)}]},
        "profiles.yml": PROFILE,
    }
    for name, content in files.items():
        (project / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    (project / "models").mkdir()
    (project / "models" / "segments_of_lookalikes.sql").write_text(MODEL, encoding="utf-8")
    (project / "analyses").mkdir()
    (project / "analyses" / "pruned.sql").write_text(PRUNED, encoding="utf-8")

    def call(*arguments, fails=False):
        done = subprocess.run(
            [str(environment / "bin" / "dbt"), *arguments],
            cwd=project,
            env={"PATH": os.environ["PATH"], "HOME": str(project), "DBT_PROFILES_DIR": str(project)}
            | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
            | scene.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert (done.returncode != 0) == fails, done.stdout[-4000:] + done.stderr[-2000:]
        return done.stdout

    call("deps")
    call.project = project
    return call


def test_dbt_builds_on_the_sources_and_tests_them(dbt, scene, truth):
    printed = dbt("build", "--select", "segments_of_lookalikes", "source:kindred")
    assert "ERROR=0" in printed
    assert "WARN=0" in printed
    read = scene.read('select * from analytics.segments_of_lookalikes order by name collate "C"')
    assert rows_of([map(str, row) for row in read]) == truth["join"]


def test_dbt_prunes_by_the_date_of_a_snapshot(dbt, scene, truth):
    dbt("compile", "--select", "pruned")
    (compiled,) = (dbt.project / "target" / "compiled").rglob("pruned.sql")
    plan = scene.read(f"explain (analyze, costs off) {compiled.read_text(encoding='utf-8')}")
    assert read_partitions(line for (line,) in plan) == truth["partitions"]


def test_dbt_knows_how_fresh_the_snapshots_are(dbt):
    assert "PASS freshness of kindred.snapshots" in dbt("source", "freshness")
    strict = "{kindred_warn_after_hours: 0, kindred_error_after_hours: 0}"
    late = dbt("source", "freshness", "--vars", strict, fails=True)
    assert "ERROR STALE freshness of kindred.snapshots" in late


def test_dbt_documents_every_column_that_the_reader_sees(dbt, scene):
    dbt("docs", "generate")
    target = dbt.project / "target"
    catalog = json.loads((target / "catalog.json").read_text(encoding="utf-8"))["sources"]
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    seen = {
        (entry["metadata"]["name"], column)
        for entry in catalog.values()
        for column in entry["columns"]
    }
    views = scene.read(
        "select relname, attname from pg_class join pg_attribute on attrelid = pg_class.oid"
        " where relnamespace = 'bi'::regnamespace and relkind = 'v' and attnum > 0"
        "   and relname <> 'customers'"  # its columns depend on the spec
    )
    assert seen == set(views)
    described = {
        (source["name"], column["name"])
        for source in manifest["sources"].values()
        for column in source["columns"].values()
        if column["description"]
    }
    # The columns of customers are those of the spec, which no package can know.
    assert described == {place for place in seen if place[0] != "customers"}
    assert {exposure["type"] for exposure in manifest["exposures"].values()} == {"dashboard"}
    assert len(manifest["exposures"]) == 2
