"""dbt's sources say what ``bi`` says: every view, every column, its type and its comment."""

import re

import psycopg2
import pytest
import yaml

from integration.clients.dbt_sources import COLUMNS, KEY_COLUMNS, source_file
from kindred.superset.dashboard_files import dashboards_dir, read_dashboards


@pytest.fixture(scope="module")
def rows(server, migrated):
    connection = psycopg2.connect(server.dsn(migrated))
    try:
        with connection.cursor() as cursor:
            cursor.execute(COLUMNS)
            return cursor.fetchall()
    finally:
        connection.close()


def test_the_sources_are_the_views_with_their_comments(rows, repository, tmp_path):
    expected = tmp_path / "sources.yml"
    expected.write_text(source_file(rows), encoding="utf-8")
    written = repository / "deploy" / "dbt" / "models" / "sources.yml"
    assert written.read_text(encoding="utf-8") == expected.read_text(encoding="utf-8"), (
        f"the views of bi have changed: cp {expected} {written}"
    )


def test_every_view_and_column_is_described_and_typed(rows, repository):
    """The same of the file itself, read as dbt reads it."""
    path = repository / "deploy" / "dbt" / "models" / "sources.yml"
    (source,) = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
    found = {
        (table["name"], column["name"]): column.get("data_type")
        for table in source["tables"]
        for column in table["columns"]
        if table["description"].strip() and column["description"].strip()
    }
    types = {(view, column): kind for view, _, column, kind, _ in rows}
    assert found.keys() == types.keys()
    untyped = {place for place, kind in found.items() if kind is None}
    assert {column for _, column in untyped} == set(KEY_COLUMNS)
    assert {place: found[place] for place in found.keys() - untyped} == {
        place: types[place] for place in types.keys() - untyped
    }


def test_an_exposure_depends_on_what_its_dashboard_reads(repository):
    path = repository / "deploy" / "dbt" / "models" / "exposures.yml"
    exposures = yaml.safe_load(path.read_text(encoding="utf-8"))["exposures"]
    content = read_dashboards(dashboards_dir())
    titles = {}
    for dashboard in content["dashboards"].values():
        charts = [content["charts"][e["chart"]] for row in dashboard["rows"] for e in row]
        read = {chart["dataset"] for chart in charts}
        read |= {said["dataset"] for said in dashboard.get("filters", ())}
        texts = [content["datasets"][name]["sql"] for name in read]
        titles[dashboard["title"]] = {
            view for text in texts for view in re.findall(r"\{bi\}\.(\w+)", text)
        }
    depends = {
        exposure["label"]: {
            re.fullmatch(r"source\('kindred', '(\w+)'\)", text)[1]
            for text in exposure["depends_on"]
        }
        for exposure in exposures
    }
    assert depends == titles
