"""A column becomes private, and public again: what readers see between the nights, and after."""

import psycopg2
import pytest

from integration.bi_login import read
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.erasure.task import erase, request_erasure
from kindred.errors import ArtefactError
from kindred.history.erasure_key import VARIABLE
from kindred.publication.withdraw import withdraw
from kindred.run import builds
from kindred.warehouse.bi_objects import create_missing
from kindred.warehouse.keys import KeyType

DAYS = [f"2026-02-{day:02d}T02:00" for day in range(1, 6)]
SMALL = {"algorithms": ["kmeans"], "kmeans": {"k": 2}}
OPEN = make_spec(clustering=SMALL)
CLOSED = make_spec(private=["income"], clustering=SMALL)
TOLD = make_spec(private=["income"], publish_distances=True, clustering=SMALL)
WITH_PLPYTHON = make_spec(clustering={"algorithms": ["kmeans", "plpython"]})
ERROR = "CustomerValueError; the task's log says more"
ERASURE_KEY = "6b696e64726564" * 5
DETAIL = "income: found values between 17.5 and 99.25"


@pytest.fixture(scope="module")
def shop(make_laboratory, server):
    """One night on which nothing was private, with what it left, and a function of an old spec."""
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(40))
    laboratory.run(OPEN, DAYS[0])
    laboratory.query(
        "insert into kindred.rejected_rows (row_hash, reason, customer_id, raw) values"
        " ('x', 'age: null; income: not a finite number', '7', '{}')"
    )
    with laboratory.deployment.warehouse("test", "kindred") as warehouse:
        builds.record_failure(
            warehouse,
            moment(DAYS[0]),
            run_id=f"test__{DAYS[0]}",
            task="clean_up",
            failure=ERROR,
            detail=DETAIL,
        )
        extension = warehouse.value("warehouse/extension_schema")
        with warehouse.transaction():
            create_missing(warehouse, WITH_PLPYTHON, extension, KeyType.BIGINT)
    laboratory.ask = lambda query, *parameters: read(server, laboratory, query, parameters)
    return laboratory


COUNTED = (
    "select count(*), count(distance), count(*) filter (where similarity = round(similarity"
    "::numeric, 2)::{0}) from {1}"
)


def listed(shop, day=None):
    """Lists, those with a distance, and those whose similarity is a whole percent."""
    view = "bi.lookalikes_current" if day is None else f"bi.lookalikes where as_of = '{day}+00'"
    return shop.ask(COUNTED.format("real", view))[0]


def similar(shop):
    return shop.ask(COUNTED.format("float8", "bi.similar_customers(1, 5)"))[0]


def segments(shop, day=None):
    of_day = "" if day is None else f" where as_of = '{day}+00'"
    views = ("clusters", "cluster_summary", "cluster_profiles", "cluster_lineage")
    ending = "_current" if day is None else ""
    return {
        view: shop.ask(f"select count(*) from bi.{view}{ending}{of_day}")[0][0]  # noqa: S608
        for view in views
    }


def exact(shop, day=None):
    rows, distances, rounded = listed(shop, day)
    return rows == distances == 200 and rounded < 100


def hidden(shop, day=None):
    return listed(shop, day) == (200, 0, 200)


def is_refused(shop):
    with pytest.raises(psycopg2.errors.RaiseException, match="but income are private"):
        shop.ask("select * from bi.cluster_customers(2)")


def test_what_becomes_private_is_hidden_at_once_with_all_that_follows_from_it(shop):
    assert exact(shop)
    assert similar(shop)[1] == 5
    assert all(segments(shop).values())
    failures = "select failure from bi.snapshots where as_of = %s"
    assert shop.ask(failures, moment(DAYS[0])) == [(DETAIL,)]

    shop.begin(CLOSED, DAYS[2])
    assert listed(shop) == listed(shop, DAYS[0]) == (0, 0, 0)
    assert similar(shop) == (5, 0, 5)
    assert not any((segments(shop) | segments(shop, DAYS[0])).values())
    unseen = "select hidden_algorithms from bi.snapshots where as_of = %s"
    assert shop.ask(unseen, moment(DAYS[0])) == [(["kmeans"],)]
    scores = "select count(*) filter (where score <> round(score::numeric, 2)) from"
    scores += " bi.lookalike_audience(array(select generate_series(1, 30)::bigint))"
    assert shop.ask(scores) == [(0,)]
    assert shop.ask(failures, moment(DAYS[0])) == [(ERROR,)]
    assert shop.ask("select reason from bi.rejected_rows") == [
        ("age: null; a private column: not usable",)
    ]
    with pytest.raises(psycopg2.errors.RaiseException, match="has segments by none"):
        shop.ask("select * from bi.similar_customers(1, 5, null, 'kmeans', 0)")
    is_refused(shop)


def test_a_function_of_an_earlier_spec_is_replaced(shop):
    """With one of an earlier release, whose text knows nothing of what is private."""
    shop.query(
        "create or replace function bi.cluster_customers(k integer) returns table"
        " (customer_id bigint, cluster integer) language sql security definer"
        " as 'select 1::bigint, 1'"
    )
    shop.run(CLOSED, DAYS[2])
    is_refused(shop)
    assert hidden(shop)
    assert similar(shop) == (5, 0, 5)
    assert listed(shop, DAYS[0]) == (0, 0, 0), "found by what is private now"
    assert not any(segments(shop, DAYS[0]).values()), "nobody judged them"
    judged = "select hidden_algorithms from bi.snapshots where is_current"
    assert shop.ask(judged) == [(["kmeans"],)], "the incomes are the groups that it finds"


def test_an_earlier_date_opens_nothing(shop):
    shop.run(OPEN, DAYS[1])
    assert hidden(shop)
    assert similar(shop) == (5, 0, 5)
    assert listed(shop, DAYS[1]) == (0, 0, 0)


def test_only_a_publish_opens_and_each_snapshot_keeps_its_own_settings(shop):
    shop.begin(OPEN, DAYS[3])
    assert hidden(shop)
    assert similar(shop) == (5, 0, 5)
    shop.run(TOLD, DAYS[3])
    assert exact(shop)
    assert similar(shop)[1] == 5
    assert exact(shop, DAYS[0])
    assert hidden(shop, DAYS[2]), "as it was published"
    columns = "select column_name from bi.explain_pair(1, 2) where value_a is not null"
    assert ("income",) not in shop.ask(columns)


def test_a_withdrawal_takes_the_settings_the_earlier_date_was_published_with(shop):
    """A later build of that date, which is not published, had others."""
    shop.begin(CLOSED, DAYS[2])
    with pytest.raises(ArtefactError, match=r"run that date again.*is not published, replaced"):
        withdraw(shop.deployment, OPEN, moment(DAYS[3]))
    assert shop.ask("select as_of from bi.snapshots where is_current") == [(moment(DAYS[3]),)]
    shop.begin(make_spec(metric="cosine", private=["age"], clustering=SMALL), DAYS[2])
    shop.query("delete from kindred.private_columns where column_name = 'age'")
    withdraw(shop.deployment, OPEN, moment(DAYS[3]))
    assert hidden(shop)
    assert similar(shop) == (5, 0, 5)
    by_l2 = "select * from bi.similar_customers(1, 5, metric => 'l2')"
    assert shop.ask(by_l2) == shop.ask("select * from bi.similar_customers(1, 5)")


def test_an_erasure_counts_the_lists_that_readers_see(shop, monkeypatch):
    monkeypatch.setenv(VARIABLE, ERASURE_KEY)
    day = [moment(DAYS[2])]
    listed = "select lookalike_id, count(*) from kindred.{}_lookalikes where as_of = %s group by 1"
    of_all, of_public = (
        dict(shop.query(listed.format(name), day)) for name in ("customer", "public")
    )
    customer = next(one for one, times in of_all.items() if times != of_public.get(one, 0))
    erase(shop.deployment, "default", request_erasure(shop.deployment, "default", str(customer)))
    [(rows,)] = shop.ask("select count(*) from bi.lookalikes where as_of = %s", *day)
    assert rows == 200 - 5 - of_public.get(customer, 0)
    assert shop.ask("select lookalikes from bi.snapshots where as_of = %s", *day) == [(rows,)]


def test_a_private_column_that_leaves_the_spec_stays_hidden(shop, monkeypatch):
    """Nobody has said that readers may see it, and a spec cannot name a column it does not use."""
    monkeypatch.setenv(VARIABLE, ERASURE_KEY)
    extremes = "select count(minimum) from bi.column_quality where column_name = 'income'"
    assert shop.ask(extremes) == [(0,)]
    shop.run(make_spec(features={"age": "numeric"}, clustering=SMALL), DAYS[4])
    assert listed(shop)[1] > 0
    assert listed(shop, DAYS[0]) == (0, 0, 0)
    assert shop.ask(extremes) == [(0,)]
    assert shop.ask("select count(*) from bi.rejected_rows where reason ~ 'income'") == [(0,)]
