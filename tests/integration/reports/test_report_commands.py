"""The commands that show what ``bi`` has: a report, lookalikes, segments, snapshots."""

import json
import re
from dataclasses import replace

import pytest

from integration.events_shop import FIRST_NIGHT, LAST_NIGHT
from integration.leaving import SECRET, request
from integration.reports.report_scene import (
    CUSTOMERS,
    HOSTILE_COLUMN,
    HOSTILE_VALUE,
    SECRET_COLUMN,
    SECRET_VALUE,
    command_in,
    report_spec,
)
from integration.warehouse import moment
from kindred import report_commands
from kindred.artefacts.stored_reports import FOLDER, remove_reports, store_report
from kindred.erasure.task import erase
from kindred.errors import DataError
from kindred.history.erasure_key import VARIABLE
from kindred.publication.withdraw import withdraw
from kindred.reports import report
from kindred.reports.document import section_html
from kindred.reports.figure_rows import as_of_asked
from kindred.reports.report import read_figures
from kindred.reports.sections import lookalike_section, night_section
from kindred.run.context import open_run
from kindred.tasks import run_task

LAST, FIRST = moment(LAST_NIGHT), moment(FIRST_NIGHT)
SLUG = "20260502t020000"


@pytest.fixture(scope="module")
def command(reported, tmp_path_factory):
    return command_in(reported, tmp_path_factory.mktemp("features"))


def test_the_report_is_one_file_of_aggregates(command, tmp_path):
    path = tmp_path / "plain.html"
    code, printed = command("report", "--out", str(path))
    assert code == 0, printed
    assert str(path) in printed
    assert "single customers" not in printed
    text = path.read_text(encoding="utf-8")
    for hidden in (HOSTILE_COLUMN, HOSTILE_VALUE, "\u2028", SECRET_COLUMN, SECRET_VALUE, "<script"):
        assert hidden not in text
    assert "Who is like customer" not in text
    assert f"{CUSTOMERS + 10:,}" in text
    for title in ("The night", "Segments by kmeans", "Lookalikes", "Index", "Audiences"):
        assert f">{title}</h2>" in text
    assert ">Recommendations</h2>" in text


def test_single_customers_are_shown_to_those_who_ask_for_them(command, tmp_path, monkeypatch):
    def of_lookalikes(figures):
        return section_html(lookalike_section(figures.distances, figures.examples))

    monkeypatch.setattr(report, "report_html", of_lookalikes)  # to draw all takes long
    for options, is_shown in ((), False), (("--examples",), True):
        path = tmp_path / "lookalikes.html"
        code, printed = command("report", "--out", str(path), *options)
        assert code == 0, printed
        assert ("single customers" in printed) == is_shown
        text = path.read_text(encoding="utf-8")
        assert ("Who is like customer" in text) == is_shown
        for hidden in (HOSTILE_COLUMN, HOSTILE_VALUE, SECRET_COLUMN, SECRET_VALUE):
            assert hidden not in text


def test_the_report_of_an_earlier_snapshot_knows_nothing_of_later_ones(
    command, tmp_path, monkeypatch
):
    monkeypatch.setattr(report, "report_html", repr)
    path = tmp_path / "first.html"
    code, printed = command("report", "--as-of", FIRST_NIGHT, "--out", str(path))
    assert code == 0, printed
    text = path.read_text(encoding="utf-8")
    assert repr(FIRST) in text
    assert repr(LAST) not in text
    code, printed = command("report", "--as-of", "2026-04-02", "--out", str(tmp_path / "none.html"))
    assert code == 1
    assert "no snapshot is published as of 2026-04-02" in printed
    assert not (tmp_path / "none.html").exists()


def test_a_date_names_the_newest_snapshot_of_that_day_by_the_clock_of_the_schedule(
    command, reported, copy_laboratory
):
    for day, expected in (("2026-04-01", FIRST), (f"{LAST:%Y-%m-%d}", LAST)):
        for asked in (("segments",), ("lookalikes", "7")):
            code, printed = command.verbatim(*asked, "--json", "--as-of", day)
            assert code == 0, printed
            assert json.loads(printed)["as_of"] == expected.isoformat()
    code, printed = command("segments", "--as-of", "2026-03-31")
    assert code == 1
    assert "at or before 2026-03-31" in printed
    westward = copy_laboratory(reported)
    westward.query(
        "update kindred.snapshot_builds set as_of_date = '2026-03-31' where as_of = %s", (FIRST,)
    )
    with westward.deployment.warehouse("test", "") as database:
        assert as_of_asked(database, "bi", "2026-03-31") == FIRST
        with pytest.raises(
            DataError, match="as of 2026-04-01; the nearest before it is 2026-04-01T02"
        ):
            as_of_asked(database, "bi", "2026-04-01")


def test_without_a_place_it_is_named_after_space_and_snapshot(command, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "report_html", lambda figures: figures.space)  # drawing takes long
    monkeypatch.chdir(tmp_path)
    code, printed = command("report")
    assert code == 0, printed
    assert [path.name for path in tmp_path.iterdir()] == [f"kindred_default_{SLUG}.html"]
    code, printed = command("report", "--out", "/proc/kindred/no.html")
    assert code == 1
    assert "cannot be written" in printed


def test_lookalikes_are_those_of_bi_with_segments_and_reasons(command, reported):
    code, printed = command("lookalikes", "7", "--n", "3")
    assert code == 0, printed
    rows = reported.query(
        "select lookalike_id from bi.lookalikes_current where customer_id = 7 and rank <= 3"
        " order by rank"
    )
    for (lookalike,) in rows:
        assert str(lookalike) in printed
    assert "kmeans: segment" in printed
    assert "income" in printed
    assert SECRET_COLUMN not in printed
    code, printed = command.verbatim("lookalikes", "7", "--json")
    found = json.loads(printed)
    assert [one["rank"] for one in found["lookalikes"]] == [1, 2, 3, 4, 5, 6]
    assert found["as_of"] == LAST.isoformat()
    assert found["customer_id"] == "7"
    assert {one["column_name"] for one in found["contributions"]} == report_spec().features.keys()


def test_many_columns_are_explained_by_those_that_add_most(command, monkeypatch):
    monkeypatch.setattr(report_commands, "MOST_CONTRIBUTIONS", 2)
    code, printed = command("lookalikes", "7")
    assert code == 0, printed
    explained = printed.partition("apart:")[2]
    shares = [float(one) for one in re.findall(r" (\d+\.\d)%", explained)]
    assert len(shares) == 3
    assert shares[0] >= shares[1]
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert f" {len(report_spec().features) - 2} others " in explained


@pytest.mark.parametrize("wrong", ["x' or '1'='1", "7; drop table kindred.snapshots", "1e3"])
def test_an_id_is_never_part_of_a_statement(command, wrong):
    code, printed = command("lookalikes", wrong)
    assert code == 1
    assert "not a key of type bigint" in printed
    assert "drop" not in printed


def test_who_is_no_customer_of_the_snapshot_is_said_without_the_id(command):
    code, printed = command("lookalikes", "77665544")
    assert code == 1
    assert "has no customer of this id (8 characters)" in printed
    assert "77665544" not in printed


def test_segments_have_names_sizes_and_outcomes(command, reported):
    code, printed = command("segments", "--algorithm", "kmeans")
    assert code == 0, printed
    assert "churned" in printed
    assert "hdbscan" not in printed
    assert SECRET_COLUMN not in printed
    code, printed = command.verbatim("segments", "--json")
    found = json.loads(printed)
    sizes = {(one["algorithm"], one["cluster_id"]): one["customers"] for one in found["segments"]}
    expected = reported.query(
        "select algorithm, cluster_id, customers from bi.cluster_summary_current"
    )
    assert sizes == {(algorithm, cluster): size for algorithm, cluster, size in expected}
    assert "medoid_id" not in printed
    with reported.deployment.warehouse("test", "") as database:
        main = read_figures(database, "default", "bi").mapped
    assert found["segments"][0]["algorithm"] == main == "kmeans"
    code, printed = command("segments", "--algorithm", "magic")
    assert code == 1
    assert "there are those by: hdbscan, kmeans" in printed


def test_customers_in_no_segment_are_counted_even_if_nobody_is_in_one(
    command, reported, copy_laboratory, tmp_path
):
    [(customers,)] = reported.query(
        "select count(*) from bi.clusters_current where algorithm = 'hdbscan' and cluster_id = -1"
    )
    assert customers
    code, printed = command("segments", "--algorithm", "hdbscan")
    assert f" {customers} {customers / 3.1:.1f}% in no segment" in printed
    code, printed = command.verbatim("segments", "--json")
    [nobody] = json.loads(printed)["in_no_segment"]
    assert (nobody["algorithm"], nobody["customers"]) == ("hdbscan", customers)
    noise = copy_laboratory(reported)
    noise.query("delete from kindred.cluster_profiles where algorithm = 'hdbscan'")
    noise.query("update kindred.cluster_quality set noise_share = 1 where algorithm = 'hdbscan'")
    code, printed = command_in(noise, tmp_path)("segments", "--algorithm", "hdbscan")
    assert code == 0
    assert "310 100.0% in no segment" in printed


def test_snapshots_are_listed_newest_first_and_the_current_one_is_marked(command):
    code, printed = command("snapshots")
    assert code == 0, printed
    assert printed.index("2026-05-02T02:00") < printed.index("2026-04-01T02:00")
    assert (printed.count("current"), printed.count("published")) == (1, 1)
    code, printed = command.verbatim("snapshots", "--json")
    assert [one["as_of"] for one in json.loads(printed)] == [LAST.isoformat(), FIRST.isoformat()]


def test_a_space_without_a_run_is_said_to_have_none(command, make_laboratory, tmp_path):
    empty = command_in(make_laboratory(), tmp_path)
    for name, expected in (
        ("snapshots", "space default has no snapshots yet"),
        ("segments", "no snapshot is published"),
        ("report", "no snapshot is published"),
    ):
        code, printed = empty(name)
        assert expected in printed
        assert code == (0 if name == "snapshots" else 1)
    bare = command_in(make_laboratory(is_bare=True), tmp_path)
    code, printed = bare("snapshots")
    assert code == 1
    assert "bi.snapshots: there is no such view" in printed


def test_the_spaces_that_have_a_snapshot_are_named_where_this_one_has_none(
    reported, make_laboratory, tmp_path
):
    here = command_in(reported, tmp_path)
    (tmp_path / "default.yaml").rename(tmp_path / "odd.yaml")
    (tmp_path / "default.yaml").write_text((tmp_path / "odd.yaml").read_text())
    for name in ("snapshots", "segments", "report"):
        code, printed = here(name, "--space", "odd")
        assert code == 1
        assert "bi_odd.snapshots: there is no such view" in printed
        assert "others do: default; add --space default" in printed
    code, printed = command_in(make_laboratory(), tmp_path)("segments")
    assert code == 1
    assert "others do" not in printed


@pytest.fixture
def keeping(reported, copy_laboratory):
    """A copy whose runs keep one report."""
    copied = copy_laboratory(reported)
    copied.environment["KINDRED_KEEP_REPORTS"] = "1"
    return copied


def clean_up(laboratory, as_of=LAST):
    return run_task(open_run(laboratory.deployment, "default", as_of), "clean_up")


def stored(laboratory):
    return sorted(path.name for path in (laboratory.artefacts / "default" / FOLDER).glob("*"))


def test_a_run_keeps_the_newest_report_and_erasure_deletes_it(keeping, monkeypatch):
    root = str(keeping.artefacts)
    store_report(root, "default", FIRST, "an earlier one")
    assert clean_up(keeping)["report"].endswith(f"default/reports/{SLUG}.html")
    assert stored(keeping) == [f"{SLUG}.html"]
    path = keeping.artefacts / "default" / FOLDER / f"{SLUG}.html"
    first = path.read_text(encoding="utf-8")
    assert "Segments by kmeans" in first
    monkeypatch.setenv(VARIABLE, SECRET)
    erase(keeping.deployment, "default", request(keeping, 7))
    assert stored(keeping) == []


def test_a_run_that_failed_makes_the_report_of_what_serves_and_says_so(keeping, monkeypatch):
    # Drawing takes long.
    monkeypatch.setattr(report, "report_html", lambda made: str(night_section(made.night).lead))
    keeping.query(
        "update kindred.snapshot_builds set state = 'failed', failed_task = 'encode', failure ="
        " 'no space for customer 42' where as_of = %s",
        (LAST,),
    )
    clean_up(keeping)
    text = (keeping.artefacts / "default" / FOLDER / f"{SLUG}.html").read_text(encoding="utf-8")
    assert "of this date has failed in task encode; bi.snapshots says why." in text
    assert "customer 42" not in text


def test_what_is_withdrawn_while_it_is_drawn_is_not_stored(keeping, monkeypatch):
    """The lock of publish is free while a report is drawn."""
    drawn = []

    def draw(figures):
        drawn.append(figures.night.scope.as_of)
        if len(drawn) == 1:
            withdraw(keeping.deployment, report_spec(), LAST)
        return f"the report of {drawn[-1]}"

    monkeypatch.setattr(report, "report_html", draw)
    path = clean_up(keeping)["report"]
    assert drawn == [LAST, FIRST]
    assert path.endswith("20260401t020000.html")
    assert stored(keeping) == ["20260401t020000.html"]


def test_no_night_fails_for_want_of_its_report(keeping, caplog):
    keeping.query("drop view bi.index_checks")
    assert "report" not in clean_up(keeping)
    assert "the report could not be made" in caplog.text
    assert stored(keeping) == []


def test_without_the_setting_there_is_none_and_withdrawn_snapshots_have_none(keeping):
    root = str(keeping.artefacts)
    store_report(root, "default", LAST, "old")
    withdraw(keeping.deployment, report_spec(), LAST)
    assert stored(keeping) == []
    keeping.environment["KINDRED_KEEP_REPORTS"] = "0"
    store_report(root, "default", FIRST, "old")
    clean_up(keeping, FIRST)
    assert stored(keeping) == []
    assert remove_reports(root, "another space") == 0


def test_a_date_that_only_lands_makes_no_report(keeping):
    run = open_run(keeping.deployment, "default", LAST)
    landed = replace(run, build=replace(run.build, state="landed"))
    run_task(landed, "clean_up")
    assert stored(keeping) == []
