"""The dashboards in a real Superset: imported, every query run as a reader, and looked at.

``make check-superset`` makes the environment and runs this.
"""

import json
import re
import shutil
import subprocess
import uuid
import zipfile

import httpx
import pytest
import yaml

from integration.bi_scene import DATABASE, LOGIN, newest_environment, published_scene
from integration.superset.superset_server import running
from kindred.cli import main
from kindred.superset.dashboard_files import dashboards_dir, read_dashboards

DATABASE_FILE = "databases/kindred.yaml"
CONTENT = read_dashboards(dashboards_dir())
SLUGS = {"night": "kindred-night", "segments": "kindred-segments"}


@pytest.fixture(scope="module")
def environment(repository):
    found = newest_environment(repository, "superset")
    if found is None:
        pytest.skip("there is no Superset: make check-superset installs one")
    return found


@pytest.fixture(scope="module")
def scene(environment, start_server, repository, tmp_path_factory):
    server = start_server("superset_warehouse")
    with published_scene(server, repository, tmp_path_factory.mktemp("artefacts")) as scene:
        yield scene


@pytest.fixture(scope="module")
def superset(environment, tmp_path_factory):
    with running(environment, tmp_path_factory.mktemp("superset")) as superset:
        yield superset


@pytest.fixture(scope="module")
def archive(scene, tmp_path_factory):
    """The zip as the command writes it."""
    path = tmp_path_factory.mktemp("zip") / "kindred.zip"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "sys.argv", ["kindred", "superset-export", "--uri", scene.uri, "--output", str(path)]
        )
        with pytest.raises(SystemExit) as end:
            main()
    assert end.value.code == 0
    return path


def import_zip(client, archive, **form):
    files = {"formData": (archive.name, archive.read_bytes(), "application/zip")}
    return client.post("/api/v1/dashboard/import/", files=files, data={"overwrite": "true", **form})


@pytest.fixture(scope="module")
def imported(superset, scene, archive):
    """A client of the API, after an import with the password."""
    with superset.client() as client:
        refused = import_zip(client, archive)
        passwords = json.dumps({DATABASE_FILE: scene.password})
        accepted = import_zip(client, archive, passwords=passwords)
        assert accepted.status_code == httpx.codes.OK, accepted.text
        yield client, refused


def entries(client, kind):
    return client.get(f"/api/v1/{kind}/", params={"q": "(page_size:100)"}).json()["result"]


def test_the_import_asks_for_the_password_which_no_file_has(imported, archive, scene):
    _, refused = imported
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert "Must provide a password for the database" in refused.text
    with zipfile.ZipFile(archive) as files:
        assert f"kindred/{DATABASE_FILE}" in files.namelist()
        assert not [
            name for name in files.namelist() if scene.password.encode() in files.read(name)
        ]


def test_a_second_import_replaces_the_first(imported, archive):
    client, _ = imported
    kinds = ("dashboard", "chart", "dataset", "database")
    before = {kind: len(entries(client, kind)) for kind in kinds}
    assert before == {
        "dashboard": len(CONTENT["dashboards"]),
        "chart": len(CONTENT["charts"]),
        "dataset": len(CONTENT["datasets"]),
        "database": 1,
    }
    assert import_zip(client, archive).status_code == httpx.codes.OK
    assert {kind: len(entries(client, kind)) for kind in kinds} == before


@pytest.fixture(scope="module")
def seen(imported, superset, environment, repository):
    """What a browser saw of each dashboard."""
    folder = repository / "build" / "superset-screenshots"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    script = repository / "tests" / "integration" / "superset" / "superset_browser.py"
    command = [environment / "bin" / "python", script, superset.url, folder, *SLUGS.values()]
    done = subprocess.run(
        list(map(str, command)),
        input=superset.password + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout), folder


@pytest.mark.parametrize("name", SLUGS)
def test_every_chart_of_a_dashboard_is_drawn_from_data(seen, imported, name):
    found, folder = seen
    client, _ = imported
    dashboard = found[SLUGS[name]]
    titles = {chart["id"]: chart["slice_name"] for chart in entries(client, "chart")}
    wanted = [entry["chart"] for row in CONTENT["dashboards"][name]["rows"] for entry in row]
    assert dashboard["charts"] == len(wanted)
    assert dashboard["loading"] == 0
    assert dashboard["errors"] == []
    assert dashboard["console"] == []
    failed = [a for a in dashboard["answers"] if a["status"] != httpx.codes.OK]
    assert failed == []
    rows = {titles[a["chart"]]: a["rows"] for a in dashboard["answers"] if a["chart"]}
    assert rows.keys() == {CONTENT["charts"][chart]["title"] for chart in wanted}
    assert {title for title, counts in rows.items() if min(counts) < 1} == set()
    picture = folder / f"{SLUGS[name]}.png"
    assert picture.stat().st_size > 20_000
    print(f"\nscreenshot: {picture}")


def test_the_filters_are_applied_before_the_first_query(seen, imported):
    """Nobody waits for the lookalikes of all customers."""
    found, _ = seen
    client, _ = imported
    titles = {chart["id"]: chart["slice_name"] for chart in entries(client, "chart")}
    title = CONTENT["charts"]["lookalikes"]["title"]
    answers = found[SLUGS["segments"]]["answers"]
    asked = [q for a in answers if titles.get(a["chart"]) == title for q in a["queries"]]
    assert asked
    assert all("WHERE customer_id IN (" in " ".join(query.split()) for query in asked), asked
    assert all(a["rows"] == [10] for a in answers if titles.get(a["chart"]) == title)


def compact(text):
    return re.sub(r"\s+", "", text).lower()


def test_every_statement_was_the_readers(seen, scene):
    """Each query is in the server's log, which has the login at the beginning of a statement."""
    beginning = f"{LOGIN}: LOG:  statement: "
    log = scene.server.log_file.read_text().replace("\n\t", " ").splitlines()
    statements = [compact(x.removeprefix(beginning)) for x in log if x.startswith(beginning)]
    found, _ = seen
    queries = [q for d in found.values() for a in d["answers"] for q in a["queries"]]
    assert len(queries) >= len(CONTENT["charts"])
    for query in queries:
        select = compact(query.strip().splitlines()[0])
        assert [statement for statement in statements if statement.startswith(select)], query


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("select count(*) from kindred.customer_versions", "permission denied"),
        ("create table bi.mine (number integer)", "DML|permission|not allowed|CREATE"),
    ],
)
def test_superset_reaches_nothing_but_bi(imported, statement, words):
    client, _ = imported
    (database,) = entries(client, "database")
    connection = client.get(f"/api/v1/database/{database['id']}/connection").json()["result"]
    assert connection["sqlalchemy_uri"].startswith(f"postgresql+psycopg2://{LOGIN}:XXXXXXXXXX@")
    assert connection["sqlalchemy_uri"].endswith(f"/{DATABASE}")
    body = {
        "database_id": database["id"],
        "sql": statement,
        "client_id": uuid.uuid4().hex[:11],
        "runAsync": False,
    }
    answer = client.post("/api/v1/sqllab/execute/", json=body)
    assert answer.status_code >= httpx.codes.BAD_REQUEST
    assert re.search(words, answer.text), answer.text


def test_the_zip_is_what_superset_would_export(imported, archive):
    """Its own export has the same titles, queries and layout: nothing was lost on the way in."""
    client, _ = imported
    numbers = [entry["id"] for entry in entries(client, "dashboard")]
    listed = ",".join(map(str, numbers))
    answer = client.get("/api/v1/dashboard/export/", params={"q": f"!({listed})"})
    exported = archive.with_name("exported.zip")
    exported.write_bytes(answer.content)
    ours, theirs = (documents(path) for path in (archive, exported))
    assert ours.keys() == theirs.keys()
    for identity, document in ours.items():
        for key in ("sql", "slice_name", "viz_type", "dashboard_title", "dataset_uuid", "slug"):
            if key in document:
                assert theirs[identity][key] == document[key], (identity, key)


def documents(path):
    with zipfile.ZipFile(path) as files:
        read = [yaml.safe_load(files.read(name)) for name in files.namelist()]
    return {document["uuid"]: document for document in read if "uuid" in document}
