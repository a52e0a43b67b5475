"""bi.lookalike_audience: who else is like these, as Python says it, and when it refuses."""

import re
from uuid import UUID

import numpy as np
import psycopg2
import pytest

from benchmarks.audience_scores import score_audience
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.encoding.embeddings import centroid_of_customers
from kindred.encoding.vectors import read_embeddings
from kindred.publication.withdraw import withdraw
from kindred.spec.metrics import Metric

FIRST, SECOND, PAST = "2026-01-25T02:00", "2026-01-26T02:00", "2026-01-15T02:00"
COUNT = 300
KEYS = {
    "bigint": [*range(1, COUNT + 1)],
    "uuid": [str(UUID(int=number << 100 | 7)) for number in range(1, COUNT + 1)],
    "text": [f"Customer {number}, é" for number in range(1, COUNT + 1)],
}
ASK = "select * from bi.lookalike_audience(%s::{}[], %s)"


def spec_for(metric, **changes):
    clustering = {"algorithms": ["kmeans"]} if metric is Metric.INNER_PRODUCT else {}
    return make_spec(metric=str(metric), clustering=clustering, **changes)


def opened_shop(make_laboratory, key_type="bigint"):
    laboratory = make_laboratory(is_bare=key_type != "bigint")
    columns = COLUMNS.replace("customer_id bigint", f"customer_id {key_type}")
    laboratory.fill("customers", columns, people(COUNT, keys=KEYS[key_type]))
    return laboratory


CASES = [("l2", "bigint"), ("cosine", "uuid"), ("ip", "text")]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def published(make_laboratory, request):
    metric, key_type = request.param
    laboratory = opened_shop(make_laboratory, key_type)
    laboratory.last_run = laboratory.run(spec_for(Metric(metric)), FIRST)
    return laboratory, key_type


@pytest.fixture(scope="module")
def shop(make_laboratory):
    laboratory = opened_shop(make_laboratory)
    laboratory.run(make_spec(), FIRST)
    return laboratory


def test_python_says_the_same(published):
    laboratory, key_type = published
    run = laboratory.last_run
    with run.warehouse("test") as warehouse:
        stored = read_embeddings(run, run.key_type(warehouse))
    keys = stored.key_type.to_python(stored.customers)
    vectors = np.asarray(stored.vectors)
    seeds = np.arange(0, COUNT, 12)
    ids = [keys[seed] for seed in seeds]
    rows = laboratory.query(ASK.format(key_type), (ids, COUNT))
    scores = score_audience(vectors, seeds, centroid_of_customers(vectors))
    by_key = dict(zip(keys, scores, strict=True))
    assert [rank for rank, *_ in rows] == list(range(1, COUNT - len(seeds) + 1))
    assert {key for _, key, *_ in rows} == set(keys) - set(ids)
    for _, key, score, percentile in rows:
        assert score == pytest.approx(by_key[key], abs=1e-6)
        margin = 1e-6
        lower = 100 * np.mean(
            [scores < by_key[key] - margin, scores < by_key[key] + margin], axis=1
        )
        assert lower[0] - 1e-9 <= percentile <= lower[1] + 1e-9
    position = {key: number for number, key in enumerate(keys)}
    order = [(-score, position[key]) for _, key, score, _ in rows]
    assert order == sorted(order), "by score, then by customer id"
    assert len({score for _, _, score, _ in rows}) > 50


def audience(laboratory, ids, n=10, more=""):
    return laboratory.query(
        f"select * from bi.lookalike_audience(%s::bigint[], %s{more})",  # noqa: S608
        (list(ids), n),
    )


def test_repeated_and_unknown_ids_change_nothing(shop):
    ids = range(4, 104, 4)
    expected = audience(shop, ids)
    assert len(expected) == 10
    assert audience(shop, [*ids, None, -7, 10**15, *ids]) == expected
    assert audience(shop, [*reversed(ids)]) == expected


def test_customers_like_the_seeds_come_first(shop):
    """All are of one of the four groups of alike customers."""
    ids = range(4, 104, 4)
    found = audience(shop, ids, 40)
    assert sum(customer % 4 == 0 for _, customer, *_ in found) >= 36
    assert found[0][3] > 90


def test_n_is_a_thousand_unless_said_otherwise_and_at_most_all_others(shop):
    ask = "select count(*), max(rank) from bi.lookalike_audience(%s::bigint[])"
    assert shop.query(ask, ([*range(1, 31)],)) == [(COUNT - 30, COUNT - 30)]
    assert len(audience(shop, range(1, 31), 1)) == 1


@pytest.mark.parametrize(
    ("ids", "n", "more", "message"),
    [
        (range(1, 20), 5, "", r"19 of the 19 different ids are customers .* 20 are needed"),
        ([*range(1, 19), *range(1, 19), -1, -2, None], 5, "", r"18 of the 20 different ids"),
        (range(1, 31), 5, ", 31", r"30 of the 30 different ids are customers .* 31 are needed"),
        (range(1, 31), 5, ", 19", r"min_seeds is 19, but must be at least 20"),
        (range(1, 31), 5, ", null", r"min_seeds is <NULL>, but must be at least 20"),
        (range(1, 31), 0, "", r"n is 0, but must be at least 1"),
        (range(1, 31), None, "", r"n is <NULL>, but must be at least 1"),
        ([], 5, "", r"ids holds no customer"),
        ([None], 5, "", r"ids holds no customer"),
        (range(1, COUNT + 1), 5, "", r"mean of the 300 known seeds is the centroid of all"),
    ],
)
def test_what_is_refused(shop, ids, n, more, message):
    with pytest.raises(psycopg2.errors.RaiseException) as caught:
        audience(shop, ids, n, more)
    assert re.search(message, str(caught.value))


def test_no_array_at_all(shop):
    with pytest.raises(psycopg2.errors.RaiseException, match="ids holds no customer"):
        shop.query("select * from bi.lookalike_audience(null, 5)")


def test_exactly_enough_seeds(shop):
    assert len(audience(shop, range(1, 21))) == 10
    assert len(audience(shop, range(1, 32), 10, ", 31")) == 10


def test_before_the_first_publish_there_is_nobody(laboratory):
    laboratory.fill("customers", COLUMNS, people(50))
    laboratory.fit(make_spec(), FIRST)
    assert audience(laboratory, range(1, 31)) == []


def test_a_customer_at_the_centre_scores_nothing_and_ties_go_by_id(make_laboratory):
    laboratory = opened_shop(make_laboratory)
    laboratory.run(make_spec(), FIRST)
    laboratory.query(
        "update kindred.customer_embeddings set embedding = (select center from kindred.snapshots)"
        " where customer_id in (222, 111)"
    )
    rows = audience(laboratory, range(4, 104, 4), COUNT)
    [first, second] = [row for row in rows if row[2] == 0]
    assert (first[1], second[1]) == (111, 222)
    assert second[0] == first[0] + 1
    assert first[3] == second[3], "neither scores lower than the other"
    lower = sum(score < 0 for _, _, score, _ in rows)
    assert first[3] == pytest.approx(100 * lower / COUNT)


@pytest.mark.parametrize("rewrite_share", [1.0, 0.0], ids=["difference", "generation"])
def test_every_snapshot_keeps_its_centre(make_laboratory, rewrite_share):
    laboratory = opened_shop(make_laboratory)
    spec = make_spec(rewrite_share=rewrite_share)
    laboratory.run(spec, FIRST)
    before = audience(laboratory, range(4, 104, 4))
    newcomers = people(90, seed=2, first="2026-01-25T12:00", days=1, keys=range(301, 391))
    laboratory.append("customers", newcomers)
    laboratory.run(spec, SECOND)
    after = audience(laboratory, range(4, 104, 4))
    assert after != before
    laboratory.run(spec, PAST)
    assert audience(laboratory, range(4, 104, 4)) == after
    centers = dict(laboratory.query("select as_of, center::text from kindred.snapshots"))
    assert set(centers) == {moment(PAST), moment(FIRST), moment(SECOND)}
    assert len(set(centers.values())) == 3
    withdraw(laboratory.deployment, spec, moment(SECOND))
    assert audience(laboratory, range(4, 104, 4)) == before


def test_a_snapshot_from_before_there_were_centres(make_laboratory):
    laboratory = opened_shop(make_laboratory)
    laboratory.run(make_spec(), FIRST)
    expected = audience(laboratory, range(4, 104, 4), COUNT)
    laboratory.query("update kindred.snapshots set center = null")
    found = audience(laboratory, range(4, 104, 4), COUNT)
    assert [row[1] for row in found] == [row[1] for row in expected]
    np.testing.assert_allclose([r[2] for r in found], [r[2] for r in expected], atol=1e-6)


def test_the_stored_centre_is_the_mean_of_the_embeddings(shop):
    [(distance,)] = shop.query(
        "select (select center from kindred.snapshots) <-> avg(embedding)"
        " from kindred.customer_embeddings"
    )
    assert distance < 1e-6


def test_the_stored_centre_is_bit_for_bit_what_the_server_makes_of_the_numbers(shop):
    [(stored, cast)] = shop.query(
        "select vector_send(center), vector_send((select array_agg(number::float8 order by place)"
        " from jsonb_array_elements_text(facts -> 'center') with ordinality as e (number, place)"
        ")::vector) from kindred.snapshots join kindred.snapshot_builds using (as_of)"
    )
    assert bytes(stored) == bytes(cast)
