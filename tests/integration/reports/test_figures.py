"""The figures of a report: what ``bi`` has, read by a login that may read nothing else."""

from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta

import psycopg2.errors
import pytest

from integration.bi_login import login_of
from integration.events_shop import FIRST_NIGHT, LAST_NIGHT
from integration.reports.report_scene import CUSTOMERS, SECRET_COLUMN, SECRET_VALUE, report_spec
from integration.warehouse import make_spec, moment
from kindred.errors import DataError
from kindred.reports import figure_rows
from kindred.reports.figures import NeverNegative
from kindred.reports.map_chart import cells_of
from kindred.reports.mean_intervals import within_limits
from kindred.warehouse.database import connect

FIRST, LAST = moment(FIRST_NIGHT), moment(LAST_NIGHT)
NOW = CUSTOMERS + 10


@contextmanager
def session_of(server, laboratory):
    """A session of a login that is a ``bi_reader``."""
    options = {"connection_id": "kindred_bi", "application_name": "report", "schema": ""}
    with connect(login_of(server, laboratory), **options) as database:
        database.limit(timeout_seconds=60)
        with database.repeatable_read():
            yield database


@pytest.fixture(scope="module")
def mapped(reported, copy_laboratory):
    """A copy with a map whose figure can be told in advance."""
    copied = copy_laboratory(reported)
    copied.query("update kindred.map_quality set trustworthiness = 0.9")
    return copied


@pytest.fixture(scope="module")
def reader(server, reported, mapped):
    """A session, after the copy: of a database in use there can be none."""
    with session_of(server, reported) as database:
        yield database


@pytest.fixture(scope="module")
def scope(reader):
    return figure_rows.find_scope(reader, "bi")


def test_the_reader_can_read_nothing_but_bi(server, reported):
    with (
        session_of(server, reported) as database,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        database.connection.cursor().execute("select * from kindred.snapshots")


def test_the_current_snapshot_is_the_newest_and_the_earlier_night_can_be_asked_for(reader, scope):
    assert [night.as_of for night in scope.nights] == [LAST, FIRST]
    assert scope.snapshot.is_current
    assert scope.previous.as_of == FIRST
    earlier = figure_rows.find_scope(reader, "bi", FIRST)
    assert [night.as_of for night in earlier.nights] == [FIRST]
    with pytest.raises(DataError, match=r"no snapshot is published as of 2026-05-03.*nearest"):
        figure_rows.find_scope(reader, "bi", moment("2026-05-03T02:00"))
    with pytest.raises(DataError, match="no snapshot is published at or before 2020"):
        figure_rows.find_scope(reader, "bi", moment("2020-05-03T02:00"))


def test_the_night_counts_customers_rows_reasons_and_drift(reader, scope):
    night = figure_rows.read_night(reader, scope)
    assert night.scope.snapshot.customers == NOW
    assert night.scope.snapshot.recall == 1.0
    assert {"encode", "publish"} <= night.scope.snapshot.stage_seconds.keys()
    assert {"encode", "publish"} <= night.scope.snapshot.stage_peak_mb.keys()
    [rejection] = night.rejected_rows
    assert (rejection.rows, rejection.rows_since) == (2, 2)
    assert rejection.reason.startswith("income")
    assert night.rejected_events == ()
    assert night.attempts == ()
    now = {column.column_name: column for column in night.columns if column.as_of == LAST}
    assert now.keys() == report_spec().features.keys()
    assert all(column.drift is not None for column in now.values())
    assert {column.as_of for column in night.columns} == {FIRST, LAST}


def test_segments_have_sizes_traits_outcomes_items_and_quality(reader, scope):
    found = {one.algorithm: one for one in figure_rows.read_segments(reader, scope)}
    assert found.keys() == {"kmeans", "hdbscan"}
    kmeans = found["kmeans"]
    assert kmeans.count == len(kmeans.segments) == 4
    assert sum(segment.customers for segment in kmeans.segments) == NOW
    assert [one.customers for one in kmeans.segments] == sorted(
        (one.customers for one in kmeans.segments), reverse=True
    )
    assert {one.as_of for one in kmeans.quality} == {FIRST, LAST}
    outcomes = [trait for trait in kmeans.traits if trait.role == "label"]
    assert {trait.column_name for trait in outcomes} == {"churned"}
    assert len(outcomes) == 4
    for trait in outcomes:
        assert trait.is_share
        assert trait.low <= trait.estimate <= trait.high
        assert 0 < trait.everyone < 1
    assert any(trait.role == "feature" and trait.effect for trait in kmeans.traits)
    assert sum(one.segments for one in kmeans.lineage if one.event == "kept") > 0
    two = figure_rows.read_segments(reader, scope, most=2)
    assert [len(one.segments) for one in two] == [2, 2]
    assert {one.algorithm: one.count for one in two} == {
        name: one.count for name, one in found.items()
    }


def test_moves_add_up_to_the_customers_of_both_nights(reader, scope, reported):
    for most in (1, 8):
        moves = figure_rows.read_moves(reader, scope, "kmeans", most=most)
        assert moves.from_as_of == FIRST
        arrived = sum(move.customers for move in moves.moves if move.target != "gone")
        came_from = sum(move.customers for move in moves.moves if move.source != "new")
        assert (arrived, came_from) == (NOW, CUSTOMERS)
        assert sum(move.customers for move in moves.moves if move.source == "new") == 10
        ends = {end for move in moves.moves for end in (move.source, move.target)}
        assert len([end for end in ends if end.isdigit()]) == (1 if most == 1 else 4)
        assert ("others" in ends) == (most == 1)
        assert moves.names.keys() == {end for end in ends if end.isdigit()}
    assert (
        figure_rows.read_moves(reader, figure_rows.find_scope(reader, "bi", FIRST), "kmeans")
        is None
    )


def test_distances_are_percentiles_of_the_lists_that_readers_see(reader, scope):
    found = {(one.rank, one.percentile): one for one in figure_rows.read_lookalikes(reader, scope)}
    assert found.keys() == {(rank, p) for rank in range(1, 7) for p in (5, 25, 50, 75, 95)}
    with reader.connection.cursor() as cursor:
        cursor.execute(
            "select rank, percentile_cont(array[0.05, 0.25, 0.5, 0.75, 0.95]) within group (order"
            " by distance), percentile_cont(array[0.95, 0.75, 0.5, 0.25, 0.05]) within group (order"
            " by similarity) from bi.lookalikes_current group by rank"
        )
        for rank, distances, similarities in cursor.fetchall():
            for percentile, distance, similarity in zip(
                (5, 25, 50, 75, 95), distances, similarities, strict=True
            ):
                one = found[rank, percentile]
                assert one.distance == pytest.approx(distance, rel=1e-5)
                assert one.similarity == pytest.approx(similarity, rel=1e-3)


def test_reasons_of_recommendations_are_counted_as_the_lists_have_them(reader, scope):
    found = figure_rows.read_recommendations(reader, scope)
    with reader.connection.cursor() as cursor:
        cursor.execute(
            "select method, count(*), count(distinct customer_id) from bi.recommendations_current"
            " group by method order by 2 desc, 1"
        )
        assert [(one.method, one.listed, one.customers) for one in found.reasons] == (
            cursor.fetchall()
        )
    assert sum(one.share for one in found.reasons) == pytest.approx(1)
    assert {"neighbours", "popular"} <= {one.method for one in found.quality}
    assert [one.is_published for one in found.quality].count(True) == 1


def test_the_index_has_what_was_planned_and_what_was_measured(reader, scope):
    found = figure_rows.read_index(reader, scope)
    assert found.builds
    for build in found.builds:
        assert build.rows in (CUSTOMERS, NOW)
        assert build.reason


def test_audiences_have_quality_overlap_and_what_is_wrong_with_others(reader, scope):
    found = figure_rows.read_audiences(reader, scope)
    status = {one.audience: one.status for one in found.audiences}
    assert status == {
        "leaving": "published", "nobody": "too few seeds", "wealthy": "published"
    }  # fmt: skip
    methods = {(one.audience, one.method) for one in found.quality}
    assert {("leaving", "published"), ("leaving", "centroid"), ("leaving", "random")} <= methods
    assert {(one.audience, one.other) for one in found.overlap} == {
        ("leaving", "wealthy"),
        ("wealthy", "leaving"),
    }


def test_without_a_map_there_is_none_and_with_one_every_customer_is_counted(
    reader, scope, server, mapped
):
    assert figure_rows.read_map(reader, scope, "kmeans").customers == NOW
    with session_of(server, mapped) as database:
        scope = figure_rows.find_scope(database, "bi")
        [kmeans] = [
            one for one in figure_rows.read_segments(database, scope) if one.algorithm == "kmeans"
        ]
        two = [one.cluster_id for one in kmeans.segments[:2]]
        found = figure_rows.read_map(database, scope, "kmeans", two)
        assert (found.customers, found.trustworthiness, found.neighbours) == (NOW, 0.9, 15)
        assert sum(cell.customers for cell in found.cells) == NOW
        assert {cell.cluster_id for cell in found.cells} == {*two, None}
        for cluster in two:
            size = next(one.customers for one in kmeans.segments if one.cluster_id == cluster)
            own = [cell.customers for cell in found.cells if cell.cluster_id == cluster]
            assert sum(own) == size
        assert max(cell.column for cell in found.cells) == found.columns
        assert max(cell.row for cell in found.cells) == found.rows
        assert max(found.columns, found.rows) >= 36
        assert found.columns <= 72
        assert found.rows <= 96
        everybody = figure_rows.read_map(database, scope, None)
        assert {cell.cluster_id for cell in everybody.cells} == {None}
        assert sum(cell.customers for cell in everybody.cells) == NOW
        # Another algorithm divides the same cells otherwise.
        other = figure_rows.read_map(database, scope, "hdbscan", two)
        in_cells = [cells_of(one, 1) for one in (found, everybody, other)]
        assert [{place: sum(c.values()) for place, c in one.items()} for one in in_cells] == [
            {place: sum(c.values()) for place, c in in_cells[0].items()}
        ] * 3
    # What the report reads is counted: it does not read the customers.
    mapped.query("delete from kindred.customer_map; delete from kindred.customer_clusters")
    with session_of(server, mapped) as database:
        scope = figure_rows.find_scope(database, "bi")
        assert figure_rows.read_map(database, scope, "kmeans", two) == found
        assert figure_rows.read_map(database, scope, None) == everybody
    mapped.query("drop view bi.map_cells")
    with session_of(server, mapped) as database:
        scope = figure_rows.find_scope(database, "bi")
        assert figure_rows.read_map(database, scope, "kmeans") is None


def test_a_mean_or_share_of_few_customers_is_left_out(server, mapped):
    few = (
        "update kindred.cluster_profiles set profile = jsonb_set(profile, '{{0,customers}}', '{}')"
    )
    counts = []
    for customers in (10, 9):
        mapped.query(few.format(customers))
        with session_of(server, mapped) as database:
            found = figure_rows.read_segments(database, figure_rows.find_scope(database, "bi"))
        counts.append(sum(len(one.traits) for one in found))
        assert min(trait.customers for one in found for trait in one.traits) >= 10
    assert counts[0] == counts[1] + sum(one.count for one in found)


@pytest.fixture(scope="module")
def counted(make_laboratory):
    """Three segments by income; in one a single customer has visits, complaints and a balance."""
    laboratory = make_laboratory()
    definition = (
        "customer_id bigint primary key, updated_at timestamptz, income integer, visits integer,"
        ' "Complaints, all" integer, balance numeric, paid double precision'
    )
    rows = []
    for number in range(36):
        at = FIRST - timedelta(days=9, seconds=number)
        own = (9, 4, 99, 0.2) if number == 0 else (0, 0, -1, 1.0)
        rows.append((number, at, number % 3 * 10_000 + number, *own))
    laboratory.fill("customers", definition, rows)
    spec = make_spec(
        features={"income": "numeric", "visits": {"kind": "numeric", "weight": 0.01}},
        labels=["Complaints, all", "balance", "paid"],
        clustering={"algorithms": ["kmeans"], "kmeans": {"k": 3}},
    )
    laboratory.run(spec, FIRST_NIGHT)
    return laboratory


def test_columns_that_are_never_negative_are_known_by_their_values(server, counted):
    with session_of(server, counted) as database:
        scope = figure_rows.find_scope(database, "bi")
        [kmeans] = figure_rows.read_segments(database, scope)
        below = {one.column_name for one in kmeans.traits if one.low is not None and one.low < 0}
        assert below >= {"visits", "Complaints, all", "balance"}
        features = {
            NeverNegative("income", is_share=False),
            NeverNegative("visits", is_share=False),
        }
        labels = {NeverNegative("Complaints, all", False), NeverNegative("paid", True)}
        assert {*kmeans.never_negative} == features | labels
        # Of an earlier snapshot, and after an erasure, the customers do not say it of labels.
        for change in ({"is_current": False}, {"erased_customers": 1}, {"customers": 10**9}):
            other = replace(scope, nights=(replace(scope.snapshot, **change),))
            [found] = figure_rows.read_segments(database, other)
            assert {*found.never_negative} == features
    drawn, cut = within_limits(kmeans)
    assert cut == {"visits", "Complaints, all", "paid"}
    for one in drawn.traits:
        if one.column_name in cut:
            assert 0 <= one.low <= one.estimate <= one.high
            assert one.column_name != "paid" or one.high <= 1
    counted.query("drop view bi.customers")
    with session_of(server, counted) as database:
        [found] = figure_rows.read_segments(database, figure_rows.find_scope(database, "bi"))
        assert {*found.never_negative} == features


def test_an_example_is_one_customer_with_lookalikes_and_reasons(reader, scope):
    found = figure_rows.read_example(reader, scope, "1", most=3)
    assert [one.rank for one in found.lookalikes] == [1, 2, 3]
    assert {one.column_name for one in found.contributions} == report_spec().features.keys()
    assert [algorithm for algorithm, _, _ in found.segments] == ["hdbscan", "kmeans"]
    unknown = figure_rows.read_example(reader, scope, "987654321")
    assert (unknown.lookalikes, unknown.contributions, unknown.segments) == ((), (), ())
    for wrong in ("'; drop table x; --", "1 or 1=1", ""):
        with pytest.raises(DataError, match="not a key of type bigint"):
            figure_rows.read_example(reader, scope, wrong)


def texts_of(value):
    """Every text within figures."""
    if is_dataclass(value):
        for field in fields(value):
            yield from texts_of(getattr(value, field.name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_of(key)
            yield from texts_of(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from texts_of(inner)
    elif isinstance(value, str):
        yield value


def test_nothing_private_and_no_customer_is_among_the_figures(reader, scope):
    aggregates = (
        figure_rows.read_night(reader, scope),
        figure_rows.read_segments(reader, scope),
        figure_rows.read_moves(reader, scope, "kmeans"),
        figure_rows.read_lookalikes(reader, scope),
        figure_rows.read_index(reader, scope),
        figure_rows.read_audiences(reader, scope),
        figure_rows.read_recommendations(reader, scope),
    )
    example = figure_rows.read_example(reader, scope, "2")
    texts = list(texts_of((*aggregates, example)))
    assert "churned" in texts
    assert not [text for text in texts if SECRET_COLUMN in text or SECRET_VALUE in text]
