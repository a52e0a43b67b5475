"""The benchmark of audiences: its own small computations, by hand."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import audience
from benchmarks.report import Report
from benchmarks.tables import Table
from kindred.spec.features import feature


def test_half_of_the_positives_are_seeds():
    is_positive = np.arange(41) % 4 == 0
    seeds = audience.split(is_positive, 1)
    assert len(seeds) == 5
    assert is_positive[seeds].all()
    assert seeds.tolist() == sorted(set(seeds.tolist()))
    assert audience.split(is_positive, 1).tolist() == seeds.tolist()
    assert audience.split(is_positive, 2).tolist() != seeds.tolist()


def test_lift_leaves_the_seeds_out():
    scores = np.arange(22.0)
    is_positive = np.zeros(22, dtype=bool)
    is_positive[[0, 19, 20, 21]] = True
    # Of the 20 others two have it; of the best two of them, one.
    assert audience.lift_at_top(scores, is_positive, np.array([20, 21])) == pytest.approx(5.0)
    assert audience.lift_at_top(-scores, is_positive, np.array([20, 21])) == pytest.approx(5.0)
    is_positive[19] = False
    assert audience.lift_at_top(scores, is_positive, np.array([20, 21])) == 0.0


def test_the_regression_tells_the_seeds_from_the_others():
    random = np.random.default_rng(3)
    vectors = random.normal(size=(400, 3)).astype(np.float32)
    seeds = np.flatnonzero(vectors[:, 1] > 1.0)
    scores = audience.regression_scores(vectors, seeds)
    assert np.corrcoef(scores, vectors[:, 1])[0, 1] > 0.9


def test_both_sides_of_a_table_are_measured():
    random = np.random.default_rng(4)
    income = random.normal(size=1000)
    frame = pd.DataFrame({"income": income, "age": random.normal(size=1000)})
    features = {"income": feature("numeric"), "age": feature("numeric")}
    report = Report("audience", {}, {})
    table = Table("made", frame, features, income + random.normal(size=1000) > 1.5)
    audience.measure_table(report, table, 3)
    [row] = report.measurements
    assert row["audience"] > 2
    assert row["regression"] > 2
    assert row["lowest"] <= row["ratio"] <= row["highest"]
    [target] = report.targets
    assert target.value == row["ratio"]
