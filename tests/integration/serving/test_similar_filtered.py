"""bi.similar_customers with a filter: always k where they exist, and only such as meet it."""

from contextlib import closing

import psycopg2
import psycopg2.errors
import pytest
from psycopg2.extras import Json

from integration.warehouse import COLUMNS, make_spec, people

AS_OF = "2026-01-25T02:00"
CUSTOMERS = 4_000
RARE = 7
"""The one customer who lives in Alaska."""


@pytest.fixture(scope="module")
def indexed(make_laboratory):
    """A published snapshot with an index, newer versions outside it, and a private column."""
    laboratory = make_laboratory()
    rows = [(*row[:5], "AK", row[6]) if row[0] == RARE else row for row in people(CUSTOMERS)]
    laboratory.fill("customers", COLUMNS, rows)
    laboratory.run(make_spec(private=["age"], publish_distances=True), AS_OF)
    laboratory.query(
        "insert into kindred.customer_versions (customer_id, updated_at, is_deleted, state)"
        " select customer_id, '2026-02-01', false, 'AK' from kindred.customer_embeddings"
        " where customer_id between 100 and 200"
    )
    return laboratory


def similar(laboratory, customer, k, condition=None, **segment):
    arguments = {"algorithm": None, "cluster_id": None, "metric": None} | segment
    return laboratory.query(
        "select lookalike_id, distance"
        " from bi.similar_customers(%(customer)s, %(k)s, %(condition)s,"
        " algorithm => %(algorithm)s, cluster_id => %(cluster_id)s, metric => %(metric)s)",
        {
            "customer": customer,
            "k": k,
            "condition": None if condition is None else Json(condition),
            **arguments,
        },
    )


def exact(laboratory, customer, k, condition="true", operator="<->"):
    """The same by the server itself, from the newest versions before the snapshot."""
    return laboratory.query(
        f"""
        select e.customer_id, (e.embedding {operator} s.embedding) + 0 as distance
        from kindred.customer_embeddings as s, kindred.customer_embeddings as e
        join (
          select distinct on (customer_id) * from kindred.customer_versions
          where updated_at < '{AS_OF}' order by customer_id, updated_at desc
        ) as version using (customer_id)
        where s.customer_id = %s and e.customer_id <> s.customer_id and {condition}
        order by distance, customer_id limit %s
        """,  # noqa: S608
        (customer, k),
    )


RARE_ENOUGH = {
    "one value": ({"state": "AK"}, "state = 'AK'"),
    "nobody": ({"state": "ZZ"}, "false"),
    "no value at all": ({"state": []}, "false"),
    "a range": ({"income": {"min": 20_000, "max": 20_050}}, "income between 20000 and 20050"),
    "a lower bound": ({"income": {"min": 86_000}}, "income >= 86000"),
    "values and a flag": (
        {"state": ["AK", "NY"], "is_active": True, "income": {"max": 17_000}},
        "state in ('AK', 'NY') and is_active and income <= 17000",
    ),
    "a missing value": (
        {"state": None, "income": {"max": 16_000}},
        "state is null and income <= 16000",
    ),
    "a missing value or another": (
        {"state": [None, "AK"], "income": {"max": 20_000}, "churned": False},
        "(state is null or state = 'AK') and income <= 20000 and not churned",
    ),
}


@pytest.mark.parametrize("case", RARE_ENOUGH)
@pytest.mark.parametrize("customer", [1, pytest.param(4, marks=pytest.mark.soak)])
def test_a_selective_filter_is_answered_exactly(indexed, case, customer):
    condition, as_sql = RARE_ENOUGH[case]
    assert similar(indexed, customer, 5, condition) == exact(indexed, customer, 5, as_sql)


def test_many_more_than_there_are_gives_all_who_do(indexed):
    found = similar(indexed, 1, 2 * CUSTOMERS, {"state": "NY", "is_active": False})
    assert found == exact(indexed, 1, 2 * CUSTOMERS, "state = 'NY' and not is_active")


def test_a_mild_filter_is_answered_by_the_index(indexed):
    """Always k of them, all meet the filter, and most of them are the nearest who do."""
    met = {
        customer
        for (customer,) in indexed.query(
            "select customer_id from kindred.customer_versions where state = 'TX'"
        )
    }
    shared = 0
    for customer in range(1, 41):
        found = similar(indexed, customer, 5, {"state": "TX"})
        assert len(found) == 5
        assert {other for other, _ in found} <= met - {customer}
        assert found == sorted(found, key=lambda row: (row[1], row[0]))
        kth = exact(indexed, customer, 5, "state = 'TX'")[-1][1]
        shared += sum(distance <= kth * (1 + 1e-6) for _, distance in found)
    assert shared / 200 >= 0.8


def test_inside_a_segment(indexed):
    members = indexed.query(
        "select cluster_id, array_agg(customer_id::bigint) from bi.clusters_current"
        " where algorithm = 'kmeans' group by cluster_id"
    )
    for cluster_id, ids in members:
        for customer in (ids[0], ids[0] % CUSTOMERS + 1):
            found = similar(indexed, customer, 7, algorithm="kmeans", cluster_id=cluster_id)
            assert len(found) == 7
            assert {other for other, _ in found} <= set(ids) - {customer}


def test_a_segment_and_a_condition_together(indexed):
    as_sql = (
        "e.customer_id in (select customer_id from bi.clusters_current"
        " where algorithm = 'kmeans' and cluster_id = 0) and income between 20000 and 21000"
    )
    condition = {"income": {"min": 20_000, "max": 21_000}}
    found = similar(indexed, 1, 20, condition, algorithm="kmeans", cluster_id=0)
    assert found == exact(indexed, 1, 20, as_sql)


@pytest.mark.parametrize(("metric", "operator"), [("cosine", "<=>"), ("ip", "<#>")])
def test_another_metric_than_that_of_the_index_is_exact(indexed, metric, operator):
    assert similar(indexed, 3, 10, metric=metric) == exact(indexed, 3, 10, operator=operator)
    filtered = similar(indexed, 3, 10, {"state": "AK"}, metric=metric)
    assert filtered == exact(indexed, 3, 10, "state = 'AK'", operator)


def test_similarity_is_that_of_the_metric_that_was_asked_for(indexed):
    for metric, formula in (("l2", lambda d: 1 / (1 + d)), ("cosine", lambda d: 1 - d)):
        for distance, similarity in indexed.query(
            "select distance, similarity from bi.similar_customers(1, metric => %s)", (metric,)
        ):
            assert similarity == pytest.approx(formula(distance))


REFUSED = {
    "unknown column": ({"shoe_size": 43}, {}, r'"shoe_size", allowed are income, is_active, state'),
    "private column": ({"age": 30}, {}, r'names column "age", allowed are .*, churned$'),
    "own column": ({"customer_id": 3}, {}, r'names column "customer_id", allowed are'),
    "value of another type": ({"income": "much"}, {}, r'"income": invalid input.*"much"'),
    "bound of another type": ({"income": {"min": "1k"}}, {}, r'"income": invalid input.*"1k"'),
    "unknown bound": ({"income": {"from": 1}}, {}, r'"income" is .*"from".*allowed are a value'),
    "no bound": ({"income": {}}, {}, r'"income" is \{\}, allowed are a value'),
    "bound without value": ({"income": {"min": None}}, {}, r'"income" is .*null'),
    "list in a list": ({"state": [["CA"]]}, {}, r'"state" is \[\["CA"\]\], allowed are'),
    "no object": (["state"], {}, r'condition is \["state"\], but must be an object'),
    "SQL for a name": ({"income = 1 or true --": 1}, {}, "allowed are"),
    "unknown metric": (None, {"metric": "l3"}, r'metric is "l3", allowed are ip, l2, cosine'),
    "unknown algorithm": (
        None,
        {"algorithm": "dbscan", "cluster_id": 1},
        r'algorithm is "dbscan", the current snapshot has segments by hdbscan, kmeans',
    ),
    "unknown segment": (
        None,
        {"algorithm": "kmeans", "cluster_id": 77},
        "cluster_id is 77, the segments by kmeans are 0, 1, 2, 3",
    ),
    "segment without algorithm": (None, {"cluster_id": 1}, 'algorithm is "<NULL>"'),
    "algorithm without segment": (None, {"algorithm": "kmeans"}, "cluster_id is <NULL>"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_asked_for_is_refused(indexed, case):
    condition, segment, message = REFUSED[case]
    with pytest.raises(psycopg2.errors.RaiseException, match=f"(?m){message}"):
        similar(indexed, 1, 5, condition, **segment)


@pytest.mark.parametrize("value", ["CA'; drop table kindred.snapshots; --", "CA\\", '{"CA"}', "%s"])
def test_a_value_is_never_read_as_sql(indexed, value):
    assert similar(indexed, 1, 5, {"state": value}) == []
    assert similar(indexed, 1, 5, {"state": [value, "AK"]}) == exact(indexed, 1, 5, "state = 'AK'")


def test_the_callers_settings_are_as_they_were(indexed):
    with closing(psycopg2.connect(indexed.warehouse_dsn)) as connection:
        cursor = connection.cursor()
        cursor.execute("select set_config('ivfflat.max_probes', '9', false)")
        for state in ("TX", "AK"):
            asked = (Json({"state": state}),)
            cursor.execute("select count(*) from bi.similar_customers(1, 3, %s)", asked)
            cursor.execute(
                "select current_setting('ivfflat.probes'), current_setting('ivfflat.max_probes'),"
                " current_setting('ivfflat.iterative_scan'), current_setting('enable_seqscan')"
            )
            assert cursor.fetchall() == [("1", "9", "off", "on")]


def test_few_probes_of_the_callers_take_nobody_away(indexed):
    with closing(psycopg2.connect(indexed.warehouse_dsn)) as connection:
        cursor = connection.cursor()
        cursor.execute("select set_config('ivfflat.max_probes', '1', false)")
        cursor.execute("select count(*) from bi.similar_customers(1, 1500)")
        assert cursor.fetchall() == [(1_500,)]
