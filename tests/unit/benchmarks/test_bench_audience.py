"""The benchmark of audiences: its own small computations, by hand."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from benchmarks import audience
from benchmarks.report import Report
from kindred.audiences.populations import Truth


def test_half_of_the_positives_are_seeds():
    is_positive = np.arange(41) % 4 == 0
    seeds = audience.split(is_positive, 1)
    assert len(seeds) == 5
    assert is_positive[seeds].all()
    assert seeds.tolist() == sorted(set(seeds.tolist()))
    assert audience.split(is_positive, 1).tolist() == seeds.tolist()
    assert audience.split(is_positive, 2).tolist() != seeds.tolist()


def test_lift_is_that_of_the_ranked_pool():
    is_positive = np.zeros(22, dtype=bool)
    is_positive[[0, 19, 20, 21]] = True
    # Of the ranked 20 two have it; of the best two of them, one.
    assert audience.lift_at_top(np.arange(19, -1, -1), is_positive) == pytest.approx(5.0)
    assert audience.lift_at_top(np.arange(20), is_positive) == pytest.approx(5.0)
    is_positive[19] = False
    assert audience.lift_at_top(np.arange(19, -1, -1), is_positive) == 0.0


def test_the_asked_half_teaches_and_the_other_is_ranked():
    seeds, asked = np.array([1, 3]), np.array([0, 1, 3, 6])
    found = audience.populations_of(8, seeds, asked)
    assert found.others.tolist() == [0, 6]
    assert found.pool.tolist() == [2, 4, 5, 7]
    assert found.truth is Truth.CONTACTED
    alone = audience.populations_of(8, seeds)
    assert alone.pool.tolist() == [0, 2, 4, 5, 6, 7]
    assert (alone.others, alone.contacted, alone.truth) == (None, None, Truth.NONE)


def test_tenths_whose_rate_was_predicted_are_counted():
    probabilities = np.repeat([0.9, 0.1], 500)
    is_positive = np.concatenate([np.arange(500) % 10 < 9, np.arange(500) % 10 < 1])
    assert audience.tenths_within(probabilities, is_positive) == 10
    assert audience.tenths_within(1.0 - probabilities, is_positive) == 0


def test_a_set_is_measured_on_all_sides():
    random = np.random.default_rng(4)
    vectors = random.normal(size=(600, 2)).astype(np.float32)
    is_positive = vectors[:, 0] + random.normal(size=600) > 1.5
    made = audience.Customers("made", vectors, is_positive, {"income": (0, 1), "age": (1, 2)})
    report = Report("audience", {}, {})
    found = audience.measure_ranking(report, made, 2, 1)
    audience.measure_probabilities(report, made, 1, 1)
    ranking, probabilities = report.measurements
    assert min(ranking["published"], ranking["today"], ranking["regression"]) > 2
    assert probabilities["brier"] < probabilities["base"]
    audience.check(report, {"made": found})
    json.dumps(asdict(report))
    targets = {target.name: target.value for target in report.targets}
    best = float(np.median(found.methods[found.best]))
    assert targets["made: lift / best method's"] == ranking["published"] / best
    assert len(targets) == 7
