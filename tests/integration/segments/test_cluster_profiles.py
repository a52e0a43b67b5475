"""Profiles, names and figures of segments, from the stages to the views that BI reads."""

from datetime import UTC, date, datetime

import pytest

from integration.publishing import build, open_shop, opened, publish_day
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.errors import ArtefactError, DataError, GateError
from kindred.spec.clustering import Algorithm
from kindred.tasks import run_task
from local.demo import demo_data_set, load_customers
from local.report import read_report

FIRST, SECOND = "2026-01-18T02:00", "2026-01-20T02:00"
RATES = """
    select count(*) filter (where share > everyone_share),
      count(*) filter (where share < everyone_share)
    from bi.cluster_profiles_current
    where role = 'label' and is_different and algorithm = %s and column_name = %s
"""
NAMES = "select algorithm, cluster_id, name from bi.cluster_summary where as_of = %s"


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """Two published nights."""
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(800))
    laboratory.fit(make_spec(), SECOND)
    for as_of in (FIRST, SECOND):
        laboratory.run(make_spec(), as_of)
    return laboratory


def names_of(laboratory, as_of):
    return {(a, number): name for a, number, name in laboratory.query(NAMES, (moment(as_of),))}


def test_means_shares_and_sizes_are_those_of_the_customers(shop):
    expected = shop.query("""
        select algorithm, cluster_id, count(*), avg(income), avg(is_active::integer::float8),
          avg(churned::integer::float8), avg(membership)::real
        from bi.clusters_current join kindred.customer_versions using (customer_id)
        where cluster_id >= 0
        group by 1, 2 order by 1, 2
    """)
    found = shop.query("""
        select algorithm, cluster_id, summary.customers,
          max(mean) filter (where column_name = 'income'),
          max(profiles.share) filter (where column_name = 'is_active'),
          max(profiles.share) filter (where column_name = 'churned'),
          membership
        from bi.cluster_summary_current as summary
        join bi.cluster_profiles_current as profiles using (algorithm, cluster_id)
        group by 1, 2, 3, 7 order by 1, 2
    """)
    assert len(found) == len(expected) > 4
    for ours, theirs in zip(found, expected, strict=True):
        assert ours[:3] == theirs[:3]
        assert ours[3:] == pytest.approx(theirs[3:], rel=1e-5)
    everyone = shop.query("""
        select max(everyone_mean), (
          select avg(income) from kindred.customer_versions
          join bi.clusters_current using (customer_id) where algorithm = 'kmeans'
        )
        from bi.cluster_profiles_current where column_name = 'income'
    """)
    assert everyone[0][0] == pytest.approx(everyone[0][1])


def test_positions_have_no_gaps_and_go_by_effect(shop):
    rows = shop.query("""
        select position, row_number() over (
          partition by as_of, algorithm, cluster_id, role order by abs(effect) desc, position
        ) from bi.cluster_profiles
    """)
    assert rows
    assert all(position == number for position, number in rows)


def test_a_medoid_is_a_member_of_its_cluster(shop):
    rows = shop.query("""
        select clusters.cluster_id = summary.cluster_id
        from bi.cluster_summary as summary
        join bi.clusters as clusters
          on clusters.customer_id = medoid_id
          and clusters.as_of = summary.as_of and clusters.algorithm = summary.algorithm
    """)
    assert len(rows) == len(names_of(shop, FIRST)) + len(names_of(shop, SECOND))
    assert {is_member for (is_member,) in rows} == {True}


def test_a_kept_cluster_keeps_its_name_and_names_differ(shop):
    before, now = names_of(shop, FIRST), names_of(shop, SECOND)
    kept = before.keys() & now.keys()
    assert len(kept) > 10
    assert {key: now[key] for key in kept} == {key: before[key] for key in kept}
    assert now.keys() - before.keys(), "some are born"
    assert len({(algorithm, name) for (algorithm, _), name in now.items()}) == len(now)


def test_figures_are_those_of_the_clusters(shop):
    rows = shop.query(
        """
        select quality.algorithm, quality.clusters, round(quality.noise_share::numeric, 9),
          round(quality.largest_share::numeric, 9)
        from bi.cluster_quality as quality where as_of = %s and state = 'published' order by 1
    """,
        (moment(SECOND),),
    )
    expected = shop.query("""
        with sizes as (
          select algorithm, cluster_id, count(*) as size,
            sum(count(*)) over (partition by algorithm)
          from bi.clusters_current group by 1, 2
        )
        select algorithm, count(*) filter (where cluster_id >= 0),
          round(coalesce(max(size / sum) filter (where cluster_id < 0), 0), 9),
          round(max(size / sum) filter (where cluster_id >= 0), 9)
        from sizes group by 1 order by 1
    """)
    assert rows == expected
    stability = shop.query(
        "select as_of, stability > 0.5, stability_customers, previous_as_of"
        " from bi.cluster_quality where algorithm = 'hdbscan' order by 1"
    )
    assert stability == [
        (moment(FIRST), None, 0, None),
        (moment(SECOND), True, 680, moment(FIRST)),
    ]


def test_a_summary_has_the_outcomes(shop):
    ((outcomes, share),) = shop.query("""
        select outcomes, profiles.share from bi.cluster_summary_current as summary
        join bi.cluster_profiles_current as profiles using (algorithm, cluster_id)
        where algorithm = 'kmeans' and label = 0 and role = 'label'
    """)
    assert outcomes["churned"]["estimate"] == share
    assert set(outcomes["churned"]) == {"estimate", "low", "high", "everyone"}


def test_a_date_run_again_keeps_names_and_hash(copy_laboratory, shop):
    laboratory = copy_laboratory(shop)
    for as_of in (FIRST, SECOND):
        laboratory.run(make_spec(), as_of)
    names = {as_of: names_of(laboratory, as_of) for as_of in (FIRST, SECOND)}
    common = names[FIRST].keys() & names[SECOND].keys()
    assert all(names[FIRST][key] == names[SECOND][key] for key in common)
    assert laboratory.hashes() == shop.hashes()


def test_readers_see_the_profiles_of_the_last_publish_only(laboratory):
    open_shop(laboratory)
    build(laboratory, make_spec(), 5)
    assert laboratory.query("select count(*) from bi.cluster_profiles") == [(0,)]
    publish_day(laboratory, 5)
    summaries = "select algorithm, count(*) from bi.cluster_summary group by 1 order by 1"
    before = laboratory.query(summaries)
    spec = make_spec(clustering={"kmeans": {"k": 2}, "algorithms": ["kmeans"]})
    build(laboratory, spec, 5)
    assert laboratory.query(summaries) == before
    states = "select state from bi.cluster_quality where algorithm = 'kmeans' order by 1"
    assert laboratory.query(states) == [("building",), ("published",)]
    publish_day(laboratory, 5)
    assert laboratory.query(summaries) == [("kmeans", 2)]
    assert laboratory.query(states) == [("published",)]
    run_task(opened(laboratory, 5), "profile_clusters")  # cleared after its publish
    assert laboratory.query(summaries) == [("kmeans", 2)]


def test_private_columns_are_nowhere(laboratory):
    laboratory.fill("customers", COLUMNS, people(400))
    laboratory.run(make_spec(), FIRST)
    laboratory.run(make_spec(private=["income", "churned"]), SECOND)
    shown = "select distinct column_name from bi.cluster_profiles order by 1"
    assert laboratory.query(shown) == [("age",), ("is_active",), ("state",)]
    assert laboratory.query(
        "select as_of, jsonb_agg(distinct trait ->> 'column_name') from kindred.cluster_profiles"
        " cross join jsonb_array_elements(profile) as trait where trait ->> 'role' = 'label'"
        " group by 1"
    ) == [(moment(FIRST), ["churned"])]
    assert laboratory.query("select distinct outcomes from bi.cluster_summary") == [(None,)]


@pytest.mark.parametrize(
    ("gates", "problem"),
    [
        ({"min_clusters": 5}, "kmeans has found 4 clusters, gates.min_clusters is 5"),
        (
            {"max_noise_share": 0.9},
            "100.0% of the customers are noise for hdbscan, gates.max_noise_share is 90.0%",
        ),
    ],
)
def test_gates_of_the_segments(laboratory, gates, problem):
    laboratory.fill("customers", COLUMNS, people(400))
    clustering = {"hdbscan": {"min_cluster_size": 300}}
    spec = make_spec(gates=gates, clustering=clustering)
    run = laboratory.run(spec, FIRST, until="quality_gate")
    with pytest.raises(GateError, match=f"{problem}; see bi.cluster_quality"):
        run_task(run, "quality_gate")
    assert laboratory.query("select distinct state from bi.cluster_quality") == [("building",)]


def test_without_profiles_nothing_is_published(laboratory):
    laboratory.fill("customers", COLUMNS, people(400))
    run = laboratory.run(make_spec(), FIRST, until="cluster")
    with pytest.raises(DataError, match=r"has 0 rows of kmeans, 340 are due; clear task 'cluster'"):
        run_task(run, "profile_clusters")
    run = laboratory.run(make_spec(), FIRST, until="profile_clusters")
    with pytest.raises(GateError, match="no profiles of hdbscan; clear task 'profile_clusters'"):
        run_task(run, "quality_gate")
    with pytest.raises(ArtefactError, match="clear task 'profile_clusters'"):
        run_task(run, "publish")


ODD = "customer_id bigint, updated_at timestamptz, income float8, {}"
LABELS = {
    "always": ("text", ["same"], ("categorical", True)),
    "amount": ("numeric", [1, 2, "1e400", "NaN", "1e-320", None], ("numeric", False)),
    "document": ("jsonb", ['{"a": 1}', None], ("categorical", True)),
    "ended": ("date", ["2020-05-01", "infinity", "0044-03-15 BC", None], ("date", True)),
    "ratio": ("float8", [0.5, "Infinity", "NaN", 2.5], ("numeric", False)),
    "seen": ("timestamp", ["2020-05-01 12:00", "-infinity"], ("date", True)),
    "word": ("text", [" yes", "no", "", None], ("boolean", False)),
}


def test_labels_of_any_type_and_value_are_told(laboratory):
    definition = ODD.format(", ".join(f"{name} {kind}" for name, (kind, *_) in LABELS.items()))
    rows = [
        (i, moment(FIRST[:10]), float(i), *(v[i % len(v)] for _, v, _ in LABELS.values()))
        for i in range(120)
    ]
    laboratory.fill("customers", definition, rows)
    spec = make_spec(
        features={"income": "numeric"},
        labels=list(LABELS),
        clustering={"kmeans": {"k": 2}, "algorithms": ["kmeans"]},
    )
    laboratory.run(spec, FIRST)
    found = laboratory.query(
        "select column_name, kind, effect is null, mean_date, customers + missing"
        " from bi.cluster_profiles_current where cluster_id = 0 and role = 'label' order by 1"
    )
    assert {name: (kind, none) for name, kind, none, *_ in found} == {
        name: expected for name, (*_, expected) in LABELS.items()
    }
    assert {day_ for *_, day_, _ in found if day_ is not None} == {date(2020, 5, 1)}
    assert len({customers for *_, customers in found}) == 1


def test_real_borrowers_fall_into_groups_of_different_grades(laboratory, repository):
    """The demo's customers, for whom ``grade`` is what the lender thought of their risk."""
    load_customers(laboratory.source_dsn)
    spec = demo_data_set(repository / "include" / "features").spec
    as_of = datetime(2018, 2, 1, 2, tzinfo=UTC)
    kmeans = spec.clustering.model_copy(update={"algorithms": (Algorithm.KMEANS,)})
    spec = spec.model_copy(update={"clustering": kmeans})
    laboratory.run(spec, f"{as_of:%Y-%m-%dT%H:%M}")
    above, below = laboratory.query(RATES + " and value = 'A'", ("kmeans", "grade"))[0]
    assert above >= 2
    assert below >= 2
    segments = read_report(laboratory.warehouse_dsn, spec).segments
    assert [row["customers"] for row in segments] == sorted(
        (row["customers"] for row in segments), reverse=True
    )
    assert {row["outcome"] for row in segments} == {"grade A"}
    assert sum(row["is_different"] for row in segments) >= above + below
    assert all(0 < len(row["name"]) <= 60 for row in segments)


def test_a_report_of_a_space_without_labels_or_clusters(laboratory):
    laboratory.fill("customers", COLUMNS, people(30))
    spec = make_spec(labels=[], clustering={"algorithms": ["hdbscan"]})
    laboratory.run(spec, FIRST)
    (noise,) = read_report(laboratory.warehouse_dsn, spec).segments
    assert (noise["cluster_id"], noise["customers"], noise["outcome"]) == (-1, 27, None)
