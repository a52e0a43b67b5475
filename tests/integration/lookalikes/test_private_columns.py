"""What readers learn of private columns: an attack with everything that ``bi`` offers."""

import re
from contextlib import closing, contextmanager

import numpy as np
import psycopg2
import pytest

from databases import administer
from integration.command import Command
from integration.lookalikes.private_attacks import ATTACKS, Reader, from_public_columns
from integration.warehouse import make_spec, moment
from kindred.run import builds
from kindred.warehouse.bi_objects import create_missing
from kindred.warehouse.keys import KeyType
from local.postgres import as_user

AS_OF = "2026-01-25T02:00"
COUNT, KNOWN = 210, 70
READER = "curious_reader"
COLUMNS = (
    "customer_id bigint, updated_at timestamptz, age double precision, visits double precision,"
    " is_active boolean, income double precision, illness text"
)
PUBLIC = ("age", "visits", "is_active")
ILLNESSES = np.array(["asthma", "gout", "none"])


def spec_for(**changes):
    return make_spec(
        features={
            **dict.fromkeys(("age", "visits", "income"), "numeric"),
            "is_active": "boolean",
            "illness": {"kind": "categorical", "min_frequency": 2},
        },
        labels=[],
        k=8,
        **{"private": ["income", "illness"], **changes},
    )


def scaled(values):
    return (values - values.mean(axis=0)) / values.std(axis=0) * np.sqrt(0.5)


@pytest.fixture(scope="module")
def clinic(make_laboratory, server):
    """Customers whose public columns say something, and not much, of the private ones.

    The date was published with distances first, and then without.
    """
    laboratory = make_laboratory()
    rng = np.random.default_rng(4)
    public = rng.normal(size=(COUNT, 3))
    public[:, 2] = public[:, 2] > 0
    income = 0.5 * public[:, 0] + rng.normal(size=COUNT)
    illness = np.digitize(0.4 * public[:, 1] + rng.normal(size=COUNT), [-0.4, 0.5])
    rows = [
        (n + 1, moment("2026-01-10T12:00"), age, visits, bool(active), money, ILLNESSES[ill])
        for n, ((age, visits, active), money, ill) in enumerate(
            zip(public.tolist(), income.tolist(), illness, strict=True)
        )
    ]
    laboratory.fill("customers", COLUMNS, rows)
    income = (income - income.mean()) / income.std()
    laboratory.values = scaled(public), income, illness, np.arange(0, COUNT, COUNT // KNOWN)
    laboratory.run(spec_for(publish_distances=True), AS_OF)
    administer(server, f"create role {READER} login")
    laboratory.query(f"grant bi_reader to {READER}")
    laboratory.before = attacked(laboratory), laboratory.hashes()
    laboratory.run(spec_for(), AS_OF)
    return laboratory


@contextmanager
def reader_of(laboratory):
    with closing(psycopg2.connect(as_user(laboratory.warehouse_dsn, READER))) as connection:
        connection.autocommit = True
        cursor = connection.cursor()

        def query(text, parameters=None):
            cursor.execute(text, parameters)
            return cursor.fetchall()

        yield Reader(query, *laboratory.values)


def attacked(laboratory):
    """Errors of every attack, as parts of the error of guessing from the public columns."""
    with reader_of(laboratory) as reader:
        guess = np.array(reader.errors(from_public_columns(reader)))
        found = {attack.__name__: attack(reader) for attack in ATTACKS}
        return {
            name: np.array(reader.errors(values)) / guess
            for name, values in found.items()
            if values is not None
        }


def test_the_attacks_work_where_distances_are_published(clinic):
    ratios, _ = clinic.before
    assert ratios["from_similar_customers"].max() < 0.1
    assert ratios["from_lookalikes"].max() < 0.3
    assert ratios["from_orders"].max() < 0.1
    assert ratios["from_ranks_of_lookalikes"][0] < 0.7
    assert ratios["from_audiences"].max() < 0.5
    assert min(ratios["from_lists"][1], ratios["from_segments"][1]) < 0.5


def test_no_attack_halves_the_error_of_a_guess(clinic):
    for name, ratio in attacked(clinic).items():
        assert ratio.min() >= 0.5, name


def test_the_stored_tables_are_those_of_a_space_that_hides_nothing(clinic):
    """But for the map and typical customers, which are by the public columns for everybody."""
    _, before = clinic.before
    after = clinic.hashes()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"customer_map", "map_quality", "map_cells", "cluster_profiles", "all"}


def test_readers_see_ranks_and_whole_percents(clinic):
    with reader_of(clinic) as reader:
        lists = reader.query("select rank, distance, similarity from bi.lookalikes_current")
        similar = reader.query(
            "select row_number() over (), distance, similarity from bi.similar_customers(1, 50)"
        )
        audience = reader.query(
            "select rank, null, score from bi.lookalike_audience(%s)", (list(range(1, 41)),)
        )
        [stars] = reader.query("select count(*), count(center_distance) from bi.clusters_current")
    assert [len(rows) for rows in (lists, similar, audience)] == [8 * COUNT, 50, COUNT - 40]
    assert {rank for rank, *_ in lists} == set(range(1, 9))
    for rows in (lists, similar, audience):
        assert {distance for _, distance, _ in rows} == {None}
        percents = [100 * similarity for *_, similarity in rows]
        assert percents == pytest.approx(np.round(percents), abs=1e-4)
        assert len(set(np.round(percents))) > 10
    assert stars[1] == 0
    for rows in (similar, audience):
        assert [rank for rank, *_ in rows] == list(range(1, len(rows) + 1))
        assert [score for *_, score in rows] == sorted((score for *_, score in rows), reverse=True)


def test_lists_and_functions_compare_the_public_columns(clinic):
    public = clinic.values[0]
    apart = np.sqrt(np.square(public[:, None] - public[None]).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    with reader_of(clinic) as reader:
        lists = dict(
            reader.query(
                "select customer_id::bigint, array_agg(lookalike_id::bigint order by rank)"
                " from bi.lookalikes_current group by 1"
            )
        )
        for customer in (1, 77, COUNT):
            nearest = (np.argsort(apart[customer - 1])[:8] + 1).tolist()
            assert lists[customer] == nearest
            asked = reader.query(
                "select lookalike_id, similarity from bi.similar_customers(%s, 8)", (customer,)
            )
            assert [other for other, _ in asked] == nearest
            expected = np.round(1 / (1 + np.sort(apart[customer - 1])[:8]), 2)
            assert [similarity for _, similarity in asked] == pytest.approx(expected, abs=0.011)


def test_the_commands_say_why_segments_and_distances_are_missing(clinic, tmp_path):
    command = Command(clinic, tmp_path)
    command.write_spec()
    why = "segments by hdbscan are not shown: they would tell readers too much of a private column"
    code, printed = command("segments")
    assert (code, why in printed) == (0, True), printed
    code, printed = command("segments", "--algorithm", "hdbscan")
    assert (code, why in printed, "Lower the weight" in printed) == (1, True, True), printed
    code, printed = command("segments", "--algorithm", "kmeans")
    assert (code, why in printed) == (0, False)
    code, printed = command("lookalikes", "1")
    assert code == 0, printed
    assert "rank lookalike similarity 1 " in printed
    assert "distances are not shown, since private columns take part in them" in printed


def test_segments_that_give_a_column_away_are_not_shown(clinic):
    with reader_of(clinic) as reader:
        [(hidden,)] = reader.query("select hidden_algorithms from bi.snapshots")
        assert hidden == ["hdbscan"], "the illnesses are the groups that it finds"
        for view in ("clusters", "cluster_summary", "cluster_profiles"):
            for name in (view, f"{view}_current"):
                shown = reader.query(f"select distinct algorithm from bi.{name}")  # noqa: S608
                assert not {algorithm for (algorithm,) in shown} & set(hidden)
        with pytest.raises(psycopg2.errors.RaiseException, match="has segments by kmeans"):
            reader.query(
                "select * from bi.similar_customers(1, 5, algorithm => 'hdbscan', cluster_id => 0)"
            )


def test_whom_a_segment_names_as_typical_says_nothing_of_a_private_column(clinic):
    """The member nearest to the mean of all columns has about the mean of each."""
    public = clinic.values[0]
    with reader_of(clinic) as reader:
        labels = np.array(
            reader.query("select label from bi.clusters_current order by customer_id")
        )[:, 0]
        named = reader.query("select label, medoid_id from bi.cluster_summary_current")
    assert len(named) > 1
    for label, medoid in named:
        members = np.flatnonzero(labels == label)
        apart = np.square(public[members] - public[members].mean(axis=0)).sum(axis=1)
        assert medoid - 1 == members[apart.argmin()]


def test_segments_of_any_number_are_refused(clinic):
    spec = spec_for(clustering={"algorithms": ["kmeans", "plpython"]})
    with clinic.deployment.warehouse("test", "kindred") as warehouse:
        extension = warehouse.value("warehouse/extension_schema")
        with warehouse.transaction():
            create_missing(warehouse, spec, extension, KeyType.BIGINT)
    with (
        reader_of(clinic) as reader,
        pytest.raises(psycopg2.errors.RaiseException, match="but illness, income are private"),
    ):
        reader.query("select * from bi.cluster_customers(100)")


def test_a_name_does_not_mention_a_private_column(clinic):
    clinic.query(
        "update kindred.cluster_profiles set name = case label when 0"
        " then 'high income · low visits · illness gout · known is_active' when 1"
        " then 'illness a · b · high age #7' else 'low income' end;"
        " update kindred.snapshots set hidden_algorithms = '{}'"
    )
    names = "select distinct name from bi.cluster_summary where algorithm = 'kmeans'"
    with reader_of(clinic) as reader:
        found = {name for (name,) in reader.query(names)}
    assert {"low visits · known is_active", "high age #7"} <= found
    assert not any(re.search("income|illness|b", name) for name in found)


def test_reasons_and_failures_do_not_quote_what_is_private(clinic):
    clinic.query(
        "insert into kindred.rejected_rows (row_hash, reason, customer_id, raw) values"
        " ('x', 'age: null; illness: bad; income: not a finite number; visits: null', '7', '{}')"
    )
    error = "income: found values between 17.5 and 99.25"
    with clinic.deployment.warehouse("test", "kindred") as warehouse:
        builds.record_failure(
            warehouse,
            moment(AS_OF),
            run_id=f"test__{AS_OF}",
            task="clean_up",
            failure="CustomerValueError; the task's log says more",
            detail=error,
        )
    with reader_of(clinic) as reader:
        [(reason,)] = reader.query("select reason from bi.rejected_rows")
        [(failure,)] = reader.query("select failure from bi.snapshots")
    hidden = "a private column: not usable"
    assert reason == f"age: null; {hidden}; {hidden}; visits: null"
    assert failure == "CustomerValueError; the task's log says more"
    assert clinic.query("select failure_detail from kindred.snapshot_builds") == [(error,)]


def test_what_was_found_by_a_column_that_is_private_now_is_not_shown(clinic):
    """The lists of the public columns of then, and the extremes that were stored."""
    with reader_of(clinic) as reader:
        before = reader.query("select count(*) from bi.lookalikes")
        clinic.begin(spec_for(private=["income", "illness", "visits"]), "2026-01-26T02:00")
        for view in ("lookalikes", "lookalikes_current", "clusters", "cluster_summary_current"):
            assert reader.query(f"select count(*) from bi.{view}") == [(0,)]  # noqa: S608
        ranges = reader.query(
            "select column_name, minimum is null, maximum is null, missing from bi.column_quality"
            " where kind = 'numeric' and as_of = %s order by 1",
            (AS_OF,),
        )
    assert before == [(8 * COUNT,)]
    assert [row[:3] for row in ranges] == [
        ("age", False, False),
        ("income", True, True),
        ("visits", True, True),
    ]
