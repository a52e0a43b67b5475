"""Drift, refits, and going back from one."""

import shutil

import numpy as np
import pytest

from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.errors import ArtefactError, DataError, GateError
from kindred.publication.withdraw import withdraw
from kindred.run import builds

FIRST, SECOND, THIRD = "2026-01-05T02:00", "2026-01-06T02:00", "2026-01-07T02:00"
LOOSE = {"max_drift": 100.0}


def spec_of(**changes):
    return make_spec(clustering={"algorithms": ["kmeans"]}, **changes)


def newcomers(laboratory, first_id, count=400, day="2026-01-05"):
    """Customers of another kind: ten times the income, from one state."""
    rows = [
        (first_id + i, f"{day} 12:00+00", 900_000.0 + i, 30 + i % 9, i % 2 == 0, "WA", False)
        for i in range(count)
    ]
    laboratory.append("customers", rows)


def alike_newcomers(laboratory):
    """Customers like those who are there."""
    rows = people(40, seed=2, first="2026-01-05T12:00", keys=range(801, 841))
    laboratory.append("customers", rows)


@pytest.fixture(scope="module")
def originals(make_laboratory, copy_laboratory):
    """A shop, the same with its first night, and that after a second one.

    In that, nothing has drifted, or there are as many newcomers of another kind and a refit.
    """
    shop = make_laboratory()
    shop.fill("customers", COLUMNS, people(400, days=4))
    published = copy_laboratory(shop)
    published.run(spec_of(gates=LOOSE), FIRST)
    followed = copy_laboratory(published)
    alike_newcomers(followed)
    followed.run(spec_of(), SECOND, may_refit=True)
    refitted = copy_laboratory(published)
    newcomers(refitted, 5000)
    refitted.run(spec_of(gates=LOOSE), SECOND, may_refit=True)
    return {"shop": shop, "published": published, "followed": followed, "refitted": refitted}


@pytest.fixture
def shop(originals, copy_laboratory):
    """400 customers."""
    return copy_laboratory(originals["shop"])


@pytest.fixture
def published(originals, copy_laboratory):
    """Their first snapshot."""
    return copy_laboratory(originals["published"])


@pytest.fixture
def followed(originals, copy_laboratory):
    """Their second snapshot, with a few more customers and the encoder of the first."""
    return copy_laboratory(originals["followed"])


@pytest.fixture
def refitted(originals, copy_laboratory):
    """Their second snapshot, with as many newcomers of another kind and a second encoder."""
    return copy_laboratory(originals["refitted"])


def quality(laboratory, as_of, columns="column_name, stability_index, drift"):
    return laboratory.query(
        f"select {columns} from bi.column_quality where as_of = %s order by column_name",  # noqa: S608
        [moment(as_of)],
    )


def versions(laboratory):
    return laboratory.query(
        "select as_of, encoder_version from bi.snapshots where status = 'published' order by 1"
    )


def test_the_columns_of_a_snapshot_are_counted(shop):
    shop.append(
        "customers",
        [
            (9001, "2026-01-04 12:00+00", "NaN", 30, True, "CA", False),
            (9002, "2026-01-02 12:00+00", None, None, None, None, None),
        ],
    )
    shop.run(spec_of(private=["age"]), FIRST)
    columns = "column_name, state, kind, customers, missing, unlisted, rejected, stability_index"
    rows = quality(shop, FIRST, columns)
    nulls = shop.query("select count(*) from kindred.customer_versions where state is null")[0][0]
    assert rows == [
        ("age", "published", "numeric", 401, 0, None, None, 0.0),  # private: whole percents
        ("income", "published", "numeric", 401, 1, None, 1, 0.0),
        ("is_active", "published", "boolean", 401, 1, None, 0, 0.0),
        ("state", "published", "categorical", 401, nulls, 0, 0, 0.0),
    ]
    ranges = dict(
        (name, (low, high))
        for name, low, high in quality(shop, FIRST, "column_name, minimum, maximum")
    )
    truth = shop.query("select min(income), max(income) from kindred.customer_versions")[0]
    assert ranges["income"] == truth
    assert ranges["age"] == (None, None), "private"
    assert {row[2] for row in quality(shop, FIRST)} == {None}, "there was none before"


def test_a_night_like_the_one_before_has_no_drift_and_no_refit(originals):
    followed = originals["followed"]
    assert [version for _, version in versions(followed)] == [1, 1]
    assert all(drift is not None and drift < 0.1 for _, _, drift in quality(followed, SECOND))


def test_too_much_drift_stops_the_run_and_is_shown(published):
    newcomers(published, 5000)
    with pytest.raises(GateError, match=r"column 'income' has drifted by \d+\.\d\d"):
        published.run(spec_of(), SECOND)
    assert len(versions(published)) == 1
    drift = {name: drift for name, _, drift in quality(published, SECOND)}
    assert drift["income"] > 1.0 > drift["is_active"]
    assert {row[0] for row in quality(published, SECOND, "state")} == {"building"}
    published.run(spec_of(gates=LOOSE), SECOND)
    assert {row[0] for row in quality(published, SECOND, "state")} == {"published"}
    assert_fitted(published, [1, 1])  # a refit was not allowed


def assert_fitted(laboratory, expected):
    """The encoders of the two nights are these, and the second night has newcomers."""
    assert [version for _, version in versions(laboratory)] == expected
    indices = {name: index for name, index, _ in quality(laboratory, SECOND)}
    assert (indices["income"] > 0.25) == (expected == [1, 1])
    # The drift since the night before is told in the bins of the encoder of tonight.
    assert {name: drift for name, _, drift in quality(laboratory, SECOND)}["income"] > 1.0


def test_an_encoder_that_does_not_fit_is_fitted_anew(originals):
    assert_fitted(originals["refitted"], [1, 2])


@pytest.mark.soak
@pytest.mark.parametrize(
    ("refit", "may_refit", "expected"),
    [("never", True, [1, 1]), ("always", True, [1, 2]), ("auto", False, [1, 1])],
)
def test_when_an_encoder_is_fitted_anew(published, refit, may_refit, expected):
    newcomers(published, 5000)
    spec = spec_of(refit=refit, gates=LOOSE)
    published.run(spec, SECOND, may_refit=may_refit)
    assert_fitted(published, expected)


def test_always_fits_without_drift_but_a_published_date_keeps_its_encoder(
    published, copy_laboratory
):
    """Replaced embeddings are dropped after their nights."""
    published.environment["KINDRED_KEEP_REPLACED_NIGHTS"] = "2"
    spec = spec_of(refit="always")
    published.run(spec, SECOND, may_refit=True)
    assert [version for _, version in versions(published)] == [1, 2]
    again = copy_laboratory(published)
    again.run(spec, FIRST, may_refit=True)
    again.run(spec, SECOND, may_refit=True)
    assert again.hashes() == published.hashes()
    kept = [generations(published)]
    for as_of in (THIRD, "2026-01-08T02:00"):
        published.run(spec, as_of, may_refit=True)
        kept.append(generations(published))
    assert kept == [2, 2, 2]


def test_a_refit_that_was_killed_is_taken_up(published, originals):
    """Whether the encoder was stored before the end came or not, the tables are the same."""
    spec = spec_of(gates=LOOSE)
    newcomers(published, 5000)
    published.run(spec, SECOND, may_refit=True, until="encode")
    with published.deployment.warehouse("test", "kindred") as database:
        # As if the task had ended between the two: the encoder is there, the build has the old one.
        builds.set_encoder(database, moment(SECOND), f"test__{SECOND}", 1)
        database.connection.commit()
    published.run(spec, SECOND, may_refit=True, times=2)
    assert [version for _, version in versions(published)] == [1, 2]
    assert published.hashes() == originals["refitted"].hashes()


def generations(laboratory):
    return laboratory.query(
        "select count(*) from pg_class where relname ~ '^customer_embeddings_g\\d+$'"
    )[0][0]


def similar(laboratory):
    return laboratory.query("select * from bi.similar_customers(1, 5)")


def test_going_back_from_a_refit(refitted, originals):
    shop, spec = refitted, spec_of(gates=LOOSE)
    before, near = originals["published"].hashes(), similar(originals["published"])
    assert shop.hashes()["customer_embeddings"] != before["customer_embeddings"]
    assert generations(shop) == 2, "the old generation stays"
    done = withdraw(shop.deployment, spec, moment(SECOND))
    assert (done.current_as_of, done.encoder_versions) == (moment(FIRST), [2])
    after = shop.hashes()
    for table in ("customer_embeddings", "customer_lookalikes", "customer_clusters"):
        assert after[table] == before[table], table
    assert similar(shop) == near
    assert shop.query("select distinct as_of from bi.lookalikes") == [(moment(FIRST),)]
    assert shop.query("select status from bi.snapshots order by as_of desc limit 1") == [
        ("withdrawn",)
    ]
    # The next night does not take up what was taken back.
    shop.run(spec_of(gates=LOOSE, refit="never"), THIRD, may_refit=True)
    assert versions(shop) == [(moment(FIRST), 1), (moment(THIRD), 1)]


def test_a_withdrawn_date_can_be_run_again_and_is_not_fitted_by_itself(refitted):
    shop, spec = refitted, spec_of(gates=LOOSE)
    withdraw(shop.deployment, spec, moment(SECOND))
    shop.run(spec, SECOND, may_refit=True)
    assert [version for _, version in versions(shop)] == [1, 1]
    assert shop.query("select as_of from bi.lookalikes_current limit 1") == [(moment(SECOND),)]


@pytest.mark.parametrize(
    "rewrite_share",
    [pytest.param(1.0, marks=pytest.mark.soak), 0.0],
    ids=["difference", "generation"],
)
def test_going_back_without_a_refit_stages_the_embeddings_anew(published, rewrite_share):
    spec = spec_of(rewrite_share=rewrite_share)
    before, near = published.hashes(), similar(published)
    alike_newcomers(published)
    published.run(spec, SECOND)
    done = withdraw(published.deployment, spec, moment(SECOND))
    assert (done.current_as_of, done.encoder_versions) == (moment(FIRST), [])
    assert published.hashes()["customer_embeddings"] == before["customer_embeddings"]
    assert similar(published) == near


def test_a_past_snapshot_is_only_hidden(followed):
    near = similar(followed)
    assert withdraw(followed.deployment, spec_of(), moment(FIRST)).current_as_of == moment(SECOND)
    assert similar(followed) == near
    assert followed.query("select distinct as_of from bi.clusters") == [(moment(SECOND),)]


def test_what_cannot_be_withdrawn_says_why_and_changes_nothing(originals, followed):
    spec, published = spec_of(), originals["published"]
    before = published.hashes()
    with pytest.raises(DataError, match="is the only one"):
        withdraw(published.deployment, spec, moment(FIRST))
    with pytest.raises(DataError, match="is not published"):
        withdraw(published.deployment, spec, moment(SECOND))
    assert published.hashes() == before
    for folder in followed.artefacts.rglob("vectors"):
        shutil.rmtree(folder)
    before = followed.hashes()
    with pytest.raises(ArtefactError, match="run that date again"):
        withdraw(followed.deployment, spec, moment(SECOND))
    assert followed.hashes() == before


def test_drift_is_finite_for_any_customers(published):
    published.query(
        "update customers set income = null, state = 'ZZ', updated_at = '2026-01-05 12:00+00'",
        source=True,
    )
    published.run(spec_of(gates=LOOSE), SECOND, until="plan_graph")
    drift = np.array([(index, drift) for _, index, drift in quality(published, SECOND)])
    assert drift.shape == (4, 2)
    assert np.isfinite(drift).all()
