"""What is told of clusters, from labels and a frame of customers."""

import json

import numpy as np
import pandas as pd
import pytest

from kindred.segments.profiles.comparison import compare
from kindred.segments.profiles.tallies import MAX_VALUES, Measure, ProfileColumn, Tallies
from kindred.segments.profiles.traits import TOP_TRAITS, VALUES_PER_COLUMN, rank_traits
from kindred.spec.features import Kind

INCOME = ProfileColumn("income", Kind.NUMERIC)
ACTIVE = ProfileColumn("is_active", Kind.BOOLEAN)
STATE = ProfileColumn("state", Kind.CATEGORICAL, categories=("CA", "NY"))
SIGNED_UP = ProfileColumn("signed_up", Kind.DATE)
NOTES = ProfileColumn("notes", Kind.TEXT)


def profiles(columns, labels, frame, block=None):
    """The profiles of all clusters, counted in blocks of so many customers."""
    labels = np.asarray(labels, dtype=np.int32)
    columns, frame = list(columns), pd.DataFrame(frame)
    measure = Measure(columns)
    tallies = Tallies(columns, int(labels.max(initial=-1)) + 1)
    for start in range(0, len(frame), block or len(frame)):
        rows = slice(start, start + (block or len(frame)))
        tallies.add(labels[rows], measure(frame[rows]))
    outcomes = {column.name for column in columns if column.is_outcome}
    return rank_traits(compare(measure, tallies), outcomes, tallies.clusters)


def people(rows=400, seed=3):
    """Two clusters and noise; the first is rich, active and of California."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([-1, 0, 1], rows, p=[0.2, 0.5, 0.3])
    is_first = labels == 0
    income = rng.normal(50_000 + 30_000 * is_first, 10_000)
    income[rng.random(rows) < 0.1] = np.nan
    return labels, {
        "income": income,
        "is_active": (rng.random(rows) < np.where(is_first, 0.9, 0.3)).astype(float),
        "state": rng.choice(["CA", "NY", "ZZ", None], rows).astype(object),
        "signed_up": rng.normal(17_000, 300, rows),
        "notes": np.where(rng.random(rows) < 0.5, np.nan, 1.0),
    }


def trait(found, column, kind=None, value=None):
    (one,) = (
        t
        for t in [*found.traits, *found.outcomes]
        if t.column_name == column and t.value == value and kind in (None, t.kind)
    )
    return one


def test_means_and_shares_are_those_of_the_members_beside_everyone():
    labels, frame = people()
    found = profiles([INCOME, ACTIVE, STATE, SIGNED_UP], labels, frame)[0]
    is_first = labels == 0
    income, everyone = frame["income"][is_first], frame["income"]
    one = trait(found, "income", "numeric")
    assert one.customers == np.isfinite(income).sum()
    assert one.customers + one.missing == is_first.sum()
    np.testing.assert_allclose(one.estimate, np.nanmean(income))
    np.testing.assert_allclose(one.everyone, np.nanmean(everyone))
    deviation = np.nanstd(everyone, ddof=1)
    np.testing.assert_allclose(one.effect, (one.estimate - one.everyone) / deviation)
    assert one.low < one.estimate < one.high < one.everyone + 40_000
    active = trait(found, "is_active")
    np.testing.assert_allclose(active.estimate, frame["is_active"][is_first].mean())
    np.testing.assert_allclose(active.everyone, frame["is_active"].mean())
    known = [state for state in frame["state"][is_first] if state is not None]
    california = trait(found, "state", "categorical", "CA")
    np.testing.assert_allclose(california.estimate, known.count("CA") / len(known))
    assert california.customers == len(known)
    date = trait(found, "signed_up")
    np.testing.assert_allclose(date.estimate, frame["signed_up"][is_first].mean())


def test_the_most_telling_comes_first():
    labels, frame = people()
    found = profiles([STATE, SIGNED_UP, INCOME, ACTIVE], labels, frame)
    assert [t.column_name for t in found[0].traits[:2]] == ["income", "is_active"]
    assert found[0].terms[:2] == ["high income", "is_active yes"]
    assert found[1].terms[:2] == ["low income", "is_active no"]
    for profile in found:
        effects = [abs(t.effect) for t in profile.traits]
        assert effects == sorted(effects, reverse=True)


@pytest.mark.parametrize("block", [1, 7, 333])
def test_blocks_change_no_bit(block):
    labels, frame = people()
    columns = [
        INCOME,
        STATE,
        SIGNED_UP,
        ProfileColumn("is_active", Kind.NUMERIC, is_outcome=True),
    ]
    whole = [profile.to_json() for profile in profiles(columns, labels, frame)]
    assert [profile.to_json() for profile in profiles(columns, labels, frame, block)] == whole


def test_far_from_zero_a_deviation_keeps_its_digits():
    values = 1e9 + np.arange(100.0)
    found = profiles([INCOME], [0] * 50 + [1] * 50, {"income": values})
    expected = (values[:50].mean() - values.mean()) / values.std(ddof=1)
    np.testing.assert_allclose(found[0].traits[0].effect, expected, rtol=1e-9)


def test_an_effect_is_measured_on_the_scale_of_the_encoder():
    values = np.array([1.0, 10.0, 100.0, 1000.0])
    scaled = ProfileColumn("income", Kind.NUMERIC, scale=np.log)
    (one,) = profiles([scaled], [0, 0, -1, -1], {"income": values})[0].traits
    logs = np.log(values)
    np.testing.assert_allclose(one.estimate, 5.5)
    np.testing.assert_allclose(one.effect, (logs[:2].mean() - logs.mean()) / logs.std(ddof=1))


def test_missing_values_can_be_what_is_telling():
    income = np.where(np.arange(100) < 50, np.nan, np.arange(100.0))
    found = profiles([INCOME, NOTES], [0] * 50 + [1] * 50, {"income": income, "notes": income})
    assert [t.kind for t in found[0].traits] == ["missing", "missing"]
    assert found[0].terms == ["no income", "no notes"]
    assert found[1].terms == ["known income", "known notes"]
    one = trait(found[0], "income", "missing")
    assert (one.estimate, one.everyone, one.customers, one.missing) == (1.0, 0.5, 50, 0)


def test_a_column_that_most_members_lack_names_no_cluster_by_its_values():
    income = np.concatenate([np.full(40, 9.0), np.full(60, np.nan), np.linspace(0.0, 1.0, 100)])
    (first, second) = profiles([INCOME], [0] * 100 + [1] * 100, {"income": income})
    assert trait(first, "income", "numeric").effect > trait(first, "income", "missing").effect
    assert (first.terms, second.terms) == (["no income"], ["known income"])


def test_of_one_column_three_values_at_most_and_ten_traits_in_all():
    rng = np.random.default_rng(0)
    names = tuple(f"v{i:02d}" for i in range(30))
    frame = {f"c{i}": rng.choice(names, 500).astype(object) for i in range(6)}
    columns = [ProfileColumn(name, Kind.CATEGORICAL, categories=names) for name in frame]
    (found, _) = profiles(columns, rng.integers(0, 2, 500), frame)
    assert len(found.traits) == TOP_TRAITS
    for name in frame:
        assert sum(t.column_name == name for t in found.traits) <= VALUES_PER_COLUMN


def test_a_value_that_a_cluster_has_names_it_before_one_that_it_lacks():
    states = np.array(["CA"] * 45 + ["NY"] * 15 + ["CA"] * 2 + ["NY"] * 38, dtype=object)
    found = profiles([STATE], [0] * 60 + [1] * 40, {"state": states})
    assert [profile.terms for profile in found] == [["state CA"], ["state NY"]]


def outcome(name, kind):
    return ProfileColumn(name, kind, is_outcome=True)


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    [
        (Kind.BOOLEAN, 1.0, 0.0),
        (Kind.NUMERIC, 1.0, 0.0),
        (Kind.CATEGORICAL, "Yes", "No"),
        (Kind.CATEGORICAL, "TRUE", "false"),
        (Kind.CATEGORICAL, "1", "0"),
    ],
)
def test_an_outcome_of_yes_and_no_is_a_rate(kind, yes, no):
    churned = np.array([yes] * 30 + [no] * 20 + [yes] * 5 + [no] * 45, dtype=object)
    churned[49] = None
    column = outcome("churned", kind)
    (first, second) = profiles([column], [0] * 50 + [1] * 50, {"churned": pd.Series(churned)})
    one = trait(first, "churned")
    assert (one.kind, one.customers, one.missing) == ("boolean", 49, 1)
    np.testing.assert_allclose([one.estimate, one.everyone], [30 / 49, 35 / 99])
    assert one.low > one.everyone > trait(second, "churned").high
    assert not first.traits
    assert not first.terms


def test_a_numeric_outcome_is_a_mean_and_a_word_a_share():
    grades = np.array(["A"] * 40 + ["B"] * 60 + ["rare"] * 3 + [None], dtype=object)
    rates = np.arange(104.0)
    columns = [outcome("grade", Kind.CATEGORICAL), outcome("rate", Kind.NUMERIC)]
    (found,) = profiles(columns, [0] * 104, {"grade": grades, "rate": rates})
    told = {(t.column_name, t.kind, t.value) for t in found.outcomes}
    assert told == {
        ("rate", "numeric", None),
        ("grade", "categorical", "A"),
        ("grade", "categorical", "B"),
    }
    np.testing.assert_allclose(trait(found, "grade", value="A").estimate, 40 / 103)
    np.testing.assert_allclose(trait(found, "rate").estimate, rates.mean())


@pytest.mark.parametrize(("kind", "value"), [(Kind.NUMERIC, 7.0), (Kind.CATEGORICAL, "same")])
def test_a_constant_outcome_has_no_effect(kind, value):
    values = pd.Series(np.array([value] * 40, dtype=object))
    for found in profiles([outcome("l", kind)], [0] * 20 + [1] * 20, {"l": values}):
        one = trait(found, "l", value=value if kind is Kind.CATEGORICAL else None)
        assert one.effect is None
        assert one.estimate == one.everyone


@pytest.mark.parametrize("kind", [Kind.NUMERIC, Kind.BOOLEAN, Kind.DATE])
def test_an_outcome_that_nobody_has_says_nothing(kind):
    (found,) = profiles([outcome("l", kind)], [0] * 5, {"l": np.full(5, np.nan)})
    (one,) = found.outcomes
    assert (one.customers, one.missing) == (0, 5)
    assert one.estimate is one.low is one.high is one.everyone is one.effect is None
    json.dumps(found.to_json(), allow_nan=False)


def test_an_outcome_that_one_cluster_lacks():
    values = np.array([np.nan] * 5 + [1.5, 2.5, 9.0])
    first, second = profiles([outcome("l", Kind.NUMERIC)], [0] * 5 + [1] * 3, {"l": values})
    assert trait(first, "l").estimate is None
    assert trait(second, "l").effect == pytest.approx(0.0)


def test_of_an_outcome_of_many_values_the_others_are_not_told_apart():
    values = np.array([f"v{i % (MAX_VALUES + 50)}" for i in range(20_000)], dtype=object)
    (found,) = profiles([outcome("l", Kind.CATEGORICAL)], np.zeros(20_000), {"l": values})
    assert len(found.outcomes) == 20
    assert {t.customers for t in found.outcomes} == {20_000}
    assert not {t.value for t in found.outcomes} & {f"v{MAX_VALUES + i}" for i in range(50)}


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_all_noise_has_no_profile(rows):
    frame = {"income": np.arange(float(rows)), "state": np.array(["CA"] * rows, dtype=object)}
    columns = [INCOME, STATE, outcome("income_later", Kind.NUMERIC)]
    frame["income_later"] = frame["income"]
    measure, tallies = Measure(columns), Tallies(columns, 0)
    if rows:
        tallies.add(np.full(rows, -1, dtype=np.int32), measure(pd.DataFrame(frame)))
    assert rank_traits(compare(measure, tallies), {"income_later"}, 0) == []


def test_one_cluster_of_everybody_has_nothing_telling():
    labels, frame = people()
    (found,) = profiles([INCOME, ACTIVE, STATE], np.zeros(len(labels)), frame)
    assert {t.effect for t in found.traits} == {0.0}
    assert found.terms == []
