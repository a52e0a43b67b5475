"""bi.explain_pair: the distance of a pair, split exactly into the shares of its columns."""

import json

import numpy as np
import psycopg2
import pytest

from integration.bi_login import read
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.spec.metrics import OPERATORS, Metric
from pair_shares import explain_pair

FIRST = "2026-01-30T02:00"
METRICS = pytest.mark.parametrize("metric", list(Metric), ids=str)


def spec_for(metric, **changes):
    clustering = {"algorithms": ["kmeans"]} if metric is Metric.INNER_PRODUCT else {}
    return make_spec(metric=str(metric), clustering=clustering, **changes)


@pytest.fixture(scope="module", params=list(Metric), ids=str)
def explained(make_laboratory, request):
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(300))
    laboratory.run(spec_for(request.param), FIRST)
    return laboratory, request.param


def test_the_contributions_sum_to_the_distance(explained):
    laboratory, metric = explained
    operator = OPERATORS[metric].operator
    pairs = [(1, 2), (3, 250), (7, 7), (299, 300), (5, 9)]
    for a, b in pairs:
        rows = laboratory.query("select * from bi.explain_pair(%s, %s)", [a, b])
        [(distance,)] = laboratory.query(
            f"select x.embedding {operator} y.embedding from kindred.customer_embeddings as x,"  # noqa: S608
            " kindred.customer_embeddings as y where x.customer_id = %s and y.customer_id = %s",
            [a, b],
        )
        whole = distance**2 if metric is Metric.L2 else distance
        assert sum(row[1] for row in rows) == pytest.approx(whole, abs=1e-5)
        assert [row[0] for row in rows] == [
            row[0] for row in sorted(rows, key=lambda row: (-row[1], row[0]))
        ]
        assert {row[0] for row in rows} == {"income", "age", "is_active", "state"}
        shares = sum(row[2] for row in rows)
        assert shares == pytest.approx(1.0) or (shares == 0.0 and distance == 0.0)


def test_python_says_the_same(explained):
    laboratory, metric = explained
    blocks = laboratory.query("select column_blocks from kindred.encoder_versions")[0][0]
    vectors = {
        key: np.array(json.loads(text), dtype=np.float32)
        for key, text in laboratory.query(
            "select customer_id, embedding::text from kindred.customer_embeddings"
        )
    }
    rows = laboratory.query("select * from bi.explain_pair(11, 222)")
    found = explain_pair(blocks, vectors[11], vectors[222], metric)
    assert [entry.column for entry in found] == [row[0] for row in rows]
    assert [entry.contribution for entry in found] == pytest.approx([r[1] for r in rows], abs=1e-9)
    assert [entry.share for entry in found] == pytest.approx([row[2] for row in rows], abs=1e-9)


def test_raw_values_stand_beside(explained):
    laboratory, _ = explained
    rows = {row[0]: row[3:] for row in laboratory.query("select * from bi.explain_pair(1, 2)")}
    raw = laboratory.query(
        "select age::text, is_active::text, state from kindred.customer_versions"
        " where customer_id in (1, 2) order by customer_id"
    )
    assert rows["age"] == (raw[0][0], raw[1][0])
    assert rows["is_active"] == (raw[0][1], raw[1][1])
    assert rows["state"] == (raw[0][2], raw[1][2])


def test_private_columns_have_no_part_in_it(explained):
    """Whether distances are published or not: the others are as if there were no such column."""
    laboratory, metric = explained
    for changes in ({}, {"publish_distances": True}):
        laboratory.begin(spec_for(metric, private=["income"], **changes), "2026-01-31T02:00")
        *public, private = laboratory.query("select * from bi.explain_pair(11, 222)")
        assert private == ("income", None, None, None, None)
        assert sum(row[2] for row in public) == pytest.approx(1.0)
        blocks = laboratory.query("select column_blocks from kindred.encoder_versions")[0][0]
        vectors = [
            np.array(json.loads(text), dtype=np.float32)
            for (text,) in laboratory.query(
                "select embedding::text from kindred.customer_embeddings"
                " where customer_id in (11, 222) order by customer_id"
            )
        ]
        for vector in vectors:
            vector[slice(*blocks["income"])] = 0
        expected = [e for e in explain_pair(blocks, *vectors, metric) if e.column != "income"]
        assert [row[0] for row in public] == [entry.column for entry in expected]
        found = [entry.contribution for entry in expected]
        assert [row[1] for row in public] == pytest.approx(found, abs=1e-9)


def test_rows_that_landed_since_change_nothing(explained):
    """A night brings a row from before the current snapshot, and fails."""
    laboratory, metric = explained
    question = "select * from bi.explain_pair(1, 2)"
    before = laboratory.query(question)
    late = (1, moment("2026-01-30T01:59"), 1.0, 99, True, "TX", True)
    laboratory.append("customers", [late])
    laboratory.land(spec_for(metric), "2026-01-31T02:00")
    landed = "select count(*) from kindred.customer_versions where customer_id = 1 and age = 99"
    assert laboratory.query(landed) == [(1,)]
    assert laboratory.query(question) == before


def test_unknown_customers_explain_nothing(explained):
    laboratory, _ = explained
    assert laboratory.query("select * from bi.explain_pair(1, 99999)") == []


def test_the_reader_may_ask_but_not_look(explained, server):
    laboratory, _ = explained
    assert len(read(server, laboratory, "select * from bi.explain_pair(1, 2)")) == 4
    assert len(read(server, laboratory, "select * from bi.column_quality")) == 4
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        read(server, laboratory, "select * from kindred.customer_versions")


@METRICS
def test_zero_vectors_and_equal_ones(metric):
    zero, one = np.zeros(4, np.float32), np.ones(4, np.float32)
    blocks = {"a": (0, 1), "b": (1, 4)}
    for first, second in ((zero, zero), (zero, one), (one, one)):
        parts = explain_pair(blocks, first, second, metric)
        assert np.isfinite([part.contribution for part in parts]).all()
        assert sum(part.share for part in parts) == pytest.approx(1.0) or all(
            part.share == 0.0 for part in parts
        )
