"""The zip for Superset: deterministic, without a secret, one per space, and whole."""

import io
import shutil
import uuid
import zipfile

import pytest
import yaml

from kindred.errors import SettingsError
from kindred.spec.model import spec_from_dict
from kindred.superset.address import PASSWORD_MASK, Address, address_of
from kindred.superset.bundle import superset_zip
from kindred.superset.dashboard_files import dashboards_dir, read_dashboards
from kindred.superset.layout import COLUMNS

CONTENT = read_dashboards(dashboards_dir())
URI = Address("postgresql+psycopg2://bi:XXXXXXXXXX@db/warehouse", ("-c statement_timeout=60s",))


def spec(space="default"):
    content = {
        "space": space,
        "source": {"table": "customers", "key": "id", "updated_at": "at"},
        "schedule": "0 2 * * *",
        "features": {"age": "numeric"},
    }
    return spec_from_dict(content, where="test")


def documents(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: yaml.safe_load(archive.read(name)) for name in archive.namelist()}


def of_kind(found, kind):
    return {name: value for name, value in found.items() if name.startswith(f"kindred/{kind}/")}


@pytest.fixture(scope="module")
def zipped():
    return superset_zip(CONTENT, spec(), URI)


@pytest.fixture(scope="module")
def found(zipped):
    return documents(zipped)


def test_equal_input_gives_equal_bytes_whatever_its_order(zipped):
    turned = {kind: dict(reversed(said.items())) for kind, said in reversed(CONTENT.items())}
    assert superset_zip(turned, spec(), URI) == zipped
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_it_holds_no_secret_but_the_mask_by_which_superset_asks(found, zipped):
    (database,) = of_kind(found, "databases").values()
    uri = address_of("postgresql://bi@db/warehouse", asks_password=True).uri
    assert (
        database["sqlalchemy_uri"]
        == uri
        == f"postgresql+psycopg2://bi:{PASSWORD_MASK}@db/warehouse"
    )
    options = database["extra"]["engine_params"]["connect_args"]["options"]
    assert options == "-c TimeZone=UTC -c statement_timeout=60s"
    assert not {"password", "encrypted_extra", "masked_encrypted_extra"} & database.keys()
    assert not any(database[right] for right in ("allow_dml", "allow_ctas", "allow_cvas"))
    assert not database["allow_file_upload"]
    assert b"password" not in zipped.lower()


def test_another_space_has_ids_schema_and_titles_of_its_own(found):
    other = documents(superset_zip(CONTENT, spec("shop"), URI))
    assert other.keys() == found.keys()
    ids = [{d["uuid"] for d in each.values() if "uuid" in d} for each in (found, other)]
    assert len(ids[0]) == len(ids[1]) == len(found) - 1  # all but the metadata
    assert ids[0].isdisjoint(ids[1])
    for dataset in of_kind(other, "datasets").values():
        assert dataset["schema"] == "bi_shop"
        assert '"bi_shop".' in dataset["sql"]
        assert '"bi".' not in dataset["sql"]
        assert "{bi}" not in dataset["sql"]
    for dashboard in of_kind(other, "dashboards").values():
        assert dashboard["dashboard_title"].endswith(" (shop)")
        assert dashboard["slug"].startswith("kindred-shop-")


def test_every_reference_leads_to_what_is_in_the_zip(found):
    ids = {kind: {d["uuid"] for d in of_kind(found, kind).values()} for kind in CONTENT}
    (database,) = of_kind(found, "databases").values()
    for dataset in of_kind(found, "datasets").values():
        assert dataset["database_uuid"] == database["uuid"]
    for chart in of_kind(found, "charts").values():
        assert chart["dataset_uuid"] in ids["datasets"]
    shown = []
    for dashboard in of_kind(found, "dashboards").values():
        metas = [p["meta"] for p in dashboard["position"].values() if p != "v2" and "meta" in p]
        shown += [meta["uuid"] for meta in metas if "uuid" in meta]
        for said in dashboard["metadata"]["native_filter_configuration"]:
            assert {target["datasetUuid"] for target in said["targets"]} <= ids["datasets"]
    assert sorted(shown) == sorted(ids["charts"])  # each once
    assert all(uuid.UUID(each) for each in shown)


def test_a_layout_is_a_tree_of_rows_that_fit(found):
    for dashboard in of_kind(found, "dashboards").values():
        position = dashboard["position"]
        for identity, entry in position.items():
            if identity == "DASHBOARD_VERSION_KEY":
                continue
            assert entry["id"] == identity
            for child in entry.get("children", ()):
                assert position[child]["parents"][-1] == identity
        rows = position["GRID_ID"]["children"]
        widths = [[position[c]["meta"]["width"] for c in position[r]["children"]] for r in rows]
        assert [sum(row) for row in widths] == [COLUMNS] * len(rows)


def named_by(params):
    """Columns and metrics that a chart names, in any of its settings."""
    for key in ("x_axis", "metric", "source", "target", "x_axis_sort"):
        if key in params:
            yield params[key]
    for key in ("metrics", "all_columns", "column_config"):
        yield from params.get(key, ())
    groupby = params.get("groupby", ())
    yield from [groupby] if isinstance(groupby, str) else groupby
    yield from (said["subject"] for said in params.get("adhoc_filters", ()))
    yield from (yaml.safe_load(text)[0] for text in params.get("order_by_cols", ()))


def test_a_chart_names_only_what_its_dataset_has():
    for name, chart in CONTENT["charts"].items():
        dataset = CONTENT["datasets"][chart["dataset"]]
        known = dataset["columns"].keys() | dataset.get("metrics", {}).keys()
        asked = set(named_by(chart["params"]))
        assert asked, name
        assert asked <= known, name
    for dashboard in CONTENT["dashboards"].values():
        for said in dashboard.get("filters", ()):
            filtered = [said["dataset"], *(CONTENT["charts"][c]["dataset"] for c in said["charts"])]
            for dataset in filtered:
                assert said["column"] in CONTENT["datasets"][dataset]["columns"], dataset


def test_no_dataset_is_without_use():
    used = {chart["dataset"] for chart in CONTENT["charts"].values()}
    for dashboard in CONTENT["dashboards"].values():
        used |= {said["dataset"] for said in dashboard.get("filters", ())}
    assert used == CONTENT["datasets"].keys()


@pytest.fixture
def folder(tmp_path):
    """A copy of the files, to be broken."""
    return shutil.copytree(dashboards_dir(), tmp_path / "superset")


def test_a_folder_without_files_is_named(tmp_path):
    with pytest.raises(SettingsError, match="YAML files of datasets are expected, found none"):
        read_dashboards(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("charts/rows.yaml", "title:", "- a\n- title:", "rows.yaml: cannot be read as YAML"),
        ("charts/rows.yaml", None, "- a\n", "rows.yaml: a mapping is expected, found list"),
        ("charts/rows.yaml", "viz_type:", "vis_type:", "rows.yaml: viz_type: Field required"),
        ("charts/rows.yaml", "dataset: nights", "dataset: night", "there is no dataset 'night'"),
        ("datasets/nights.yaml", "columns:", "colums:", "colums: Extra inputs are not permitted"),
        ("dashboards/night.yaml", "width: 12", "width: 13", "less than or equal to 12"),
        ("dashboards/night.yaml", "chart: rows,", "chart: row,", "there is no chart 'row'"),
        ("dashboards/segments.yaml", "column: algorithm", "column: x", "there is no column 'x'"),
        ("dashboards/segments.yaml", "charts: [lookalikes]", "charts: [rows]", "not in the rows"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(folder, file, old, new, words):
    path = folder / file
    text = path.read_text()
    assert old is None or old in text
    path.write_text(new if old is None else text.replace(old, new, 1))
    with pytest.raises(SettingsError) as error:
        read_dashboards(folder)
    assert words in str(error.value)
    assert path.name in str(error.value)
