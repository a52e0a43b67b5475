"""Scores of an audience: the cosine of two directions from the centre, by hand."""

import numpy as np
import pytest

from benchmarks import audience_scores as audience
from benchmarks.audience_scores import score_audience
from kindred.encoding.embeddings import centroid_of_customers
from kindred.errors import DataError

CENTROID = np.array([1.0, 1.0], dtype=np.float32)


def rows(*values):
    return np.array(values, dtype=np.float32)


def test_scores_are_cosines_around_the_centre():
    vectors = rows([3, 1], [2, 1], [1, 4], [0, 1], [2, 2], [1, 1])
    scores = score_audience(vectors, np.array([0, 1]), CENTROID)
    np.testing.assert_allclose(scores, [1, 1, 0, -1, np.sqrt(0.5), 0], atol=1e-15)


def test_length_of_a_candidate_does_not_count_but_that_of_a_seed_does():
    vectors = rows([4, 1], [1, 2], [2, 2], [101, 101])
    scores = score_audience(vectors, np.array([0, 1]), CENTROID)
    assert scores[2] == scores[3] == pytest.approx(4 / np.sqrt(20))


def test_repeated_seeds_count_once():
    vectors = np.random.default_rng(5).normal(size=(50, 7)).astype(np.float32)
    centroid = centroid_of_customers(vectors)
    once = score_audience(vectors, np.array([3, 9, 11]), centroid)
    assert np.array_equal(once, score_audience(vectors, np.array([9, 3, 9, 11, 9]), centroid))


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_equal_customers_have_equal_scores_wherever_they_stand(monkeypatch, block):
    monkeypatch.setattr(audience, "ROWS_AT_ONCE", block)
    vectors = np.random.default_rng(6).normal(size=(20, 13)).astype(np.float32)
    doubled = np.concatenate([vectors, vectors[::-1]])
    centroid = centroid_of_customers(doubled)
    scores = score_audience(doubled, np.arange(4), centroid)
    assert np.array_equal(scores[:20], scores[:19:-1])
    directions = doubled.astype(np.float64) - centroid
    wanted = doubled[:4].astype(np.float64).mean(axis=0) - centroid
    lengths = np.linalg.norm(directions, axis=1) * np.linalg.norm(wanted)
    np.testing.assert_allclose(scores, directions @ wanted / lengths, atol=1e-12)


def test_the_centre_is_summed_in_float64():
    vectors = np.full((200_000, 3), 0.1, dtype=np.float32)
    assert np.array_equal(centroid_of_customers(vectors), vectors[0])


@pytest.mark.parametrize("shift", [0.0, 1000.0])
def test_seeds_whose_mean_is_the_centroid_have_no_direction(shift):
    vectors = np.random.default_rng(7).normal(size=(500, 4)).astype(np.float32) + np.float32(shift)
    centroid = centroid_of_customers(vectors)
    with pytest.raises(DataError, match="mean of the 500 seeds is the centroid"):
        score_audience(vectors, np.arange(500), centroid)
    assert np.abs(score_audience(vectors, np.arange(250), centroid)).max() > 0.5


@pytest.mark.parametrize("value", [0.0, 2.5])
def test_customers_who_are_all_equal_have_no_direction(value):
    vectors = np.full((30, 3), value, dtype=np.float32)
    with pytest.raises(DataError, match="is the centroid"):
        score_audience(vectors, np.arange(20), centroid_of_customers(vectors))


def test_no_seeds():
    with pytest.raises(DataError, match="needs seeds"):
        score_audience(rows([1, 2]), np.array([], dtype=np.intp), CENTROID)
