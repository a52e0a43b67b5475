"""Where columns are private, readers see no more nights of segments than keep them private."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from integration.bi_login import read
from integration.warehouse import make_spec, moment
from kindred.erasure.task import erase, request_erasure
from kindred.history.erasure_key import VARIABLE
from kindred.publication.prune import Retention, prune

COLUMNS = "customer_id bigint, updated_at timestamptz, a float8, b float8, c float8, secret float8"
SPEC = make_spec(
    features=dict.fromkeys(("a", "b", "c", "secret"), "numeric"),
    labels=[],
    private=["secret"],
    clustering={"algorithms": ["kmeans"], "kmeans": {"k": 8}},
    gates={"max_drift": 100.0},
)
DAYS = [f"2026-02-0{day}T02:00" for day in range(1, 5)]
CUSTOMERS = 400
SECRETS = np.random.default_rng(5).normal(size=CUSTOMERS)
GRID = np.linspace(-3.5, 3.5, 71)
SEGMENTS = (
    "select as_of, customer_id::bigint, cluster_id from {} where algorithm = 'kmeans'"
    " order by as_of, customer_id"
)
HIDDEN = "select hidden_algorithms from {} where status = 'published' order by as_of"
UNSAMPLED = "delete from kindred.disclosure_samples where as_of = %s"
SAMPLES = "select as_of, count(*) from kindred.disclosure_samples group by 1 order by 1"


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """Three nights between which the public columns move and the private one stays."""
    laboratory = make_laboratory()
    rng, laboratory.publics = np.random.default_rng(6), []
    laboratory.fill("customers", COLUMNS, [])
    public = rng.normal(size=(CUSTOMERS, 3))
    for day in DAYS[:3]:
        public = (public + 0.7 * rng.normal(size=public.shape)) / np.sqrt(1.49)
        laboratory.publics.append(public)
        rows = np.column_stack([public, SECRETS]).tolist()
        laboratory.query("truncate customers", source=True)
        when = moment(day.replace("T02", "T01"))
        laboratory.append("customers", [(n + 1, when, *row) for n, row in enumerate(rows)])
        laboratory.run(SPEC, day)
    return laboratory


def error_left(laboratory, rows):
    """Of guessing the secrets of two thirds, for a reader who knows those of the others."""
    days = sorted({as_of for as_of, *_ in rows})
    publics = [laboratory.publics[as_of.day - 1] for as_of in days]
    labels = np.array([cluster for *_, cluster in rows]).reshape(len(days), CUSTOMERS)
    known = np.arange(CUSTOMERS) % 3 == 0
    x = np.vstack([np.column_stack([public, SECRETS])[known] for public in publics])
    model = LogisticRegression(C=100, max_iter=1000).fit(x, labels[:, known].ravel())
    likely = np.tile(-np.square(GRID) / 2, (CUSTOMERS, 1))
    for public, of_night in zip(publics, labels, strict=True):
        own = np.searchsorted(model.classes_, of_night)
        for place, value in enumerate(GRID):
            tried = np.column_stack([public, np.full(CUSTOMERS, value)])
            found = model.predict_log_proba(tried)[np.arange(CUSTOMERS), own]
            likely[:, place] += np.maximum(found, -8)
    weights = np.exp(likely - likely.max(axis=1, keepdims=True))
    guess = weights @ GRID / weights.sum(axis=1)
    errors = SECRETS[~known] - np.column_stack([guess[~known], np.zeros((~known).sum())]).T
    return float(np.sqrt(np.square(errors).mean(axis=1)[0] / np.square(errors).mean(axis=1)[1]))


def test_the_segments_of_all_nights_leave_half_of_the_error_of_a_guess(shop, server):
    of_owner = shop.query(SEGMENTS.format("kindred.customer_clusters"))
    assert error_left(shop, of_owner) < 0.5, "the attack works on what is stored"
    shown = read(server, shop, SEGMENTS.format("bi.clusters"))
    assert error_left(shop, shown) >= 0.5
    assert {as_of for as_of, *_ in shown} >= {moment(DAYS[2])}, "the newest night is shown"
    [(first,), _, (last,)] = read(server, shop, HIDDEN.format("bi.snapshots"))
    assert (first, last) == (["kmeans"], [])


def test_a_night_that_says_nothing_new_hides_nothing(shop, copy_laboratory):
    laboratory = copy_laboratory(shop)
    before = laboratory.query(HIDDEN.format("kindred.snapshots"))
    laboratory.run(SPEC, DAYS[3])
    assert laboratory.query(HIDDEN.format("kindred.snapshots")) == [*before, ([],)]
    assert laboratory.query("select unchanged_since from bi.snapshots where is_current") == [
        (moment(DAYS[2]),)
    ]
    assert [count for _, count in laboratory.query(SAMPLES)] == [CUSTOMERS] * 4


def test_a_night_that_nobody_judged_is_not_shown_beside_others(shop, copy_laboratory):
    """As an earlier release published it; and an earlier date, run again, hides no newer one."""
    laboratory = copy_laboratory(shop)
    laboratory.query("update kindred.snapshots set hidden_algorithms = '{}'")
    laboratory.query(UNSAMPLED, [moment(DAYS[0])])
    laboratory.run(SPEC, DAYS[1])
    assert laboratory.query(HIDDEN.format("kindred.snapshots"))[0] == (["kmeans"],)
    assert laboratory.query(HIDDEN.format("kindred.snapshots"))[2] == ([],)
    laboratory.query(UNSAMPLED, [moment(DAYS[2])])
    laboratory.run(SPEC, DAYS[1])
    assert laboratory.query(HIDDEN.format("kindred.snapshots"))[1:] == [(["kmeans"],), ([],)]


def test_a_sample_goes_with_its_snapshot_and_its_customers(shop, copy_laboratory, monkeypatch):
    laboratory = copy_laboratory(shop)
    monkeypatch.setenv(VARIABLE, "6b696e64726564" * 5)
    number = request_erasure(laboratory.deployment, "default", "7")
    erase(laboratory.deployment, "default", number)
    days = [moment(day) for day in DAYS]
    assert laboratory.query(SAMPLES) == [(day, CUSTOMERS - 1) for day in days[:3]]
    prune(laboratory.deployment, SPEC, Retention(1, 0), is_dry_run=False)
    assert laboratory.query(SAMPLES) == [(days[2], CUSTOMERS - 1)]
