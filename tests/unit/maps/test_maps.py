"""A map as arrays: landmarks, their layout, who is placed where, and how faithful that is."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from kindred.maps import faithfulness, placing
from kindred.maps.faithfulness import measure
from kindred.maps.landmarks import find_landmarks
from kindred.maps.laying_out import lay_out, means_of_groups
from kindred.maps.layout import Layout
from kindred.maps.orientation import oriented, standardised
from kindred.maps.placing import INTERPOLATED_FROM, NEAREST, place, spacing_of
from kindred.neighbours.distances import eligible
from kindred.neighbours.distinct import find_distinct
from kindred.neighbours.tiles import searchable
from kindred.spec.metrics import Metric

SEED = 7


def groups_of(count, dimensions=8, groups=5, seed=SEED):
    """Customers around a few centers."""
    random = np.random.default_rng(seed)
    centers = 6 * random.standard_normal((groups, dimensions))
    found = centers[random.integers(0, groups, count)] + random.standard_normal((count, dimensions))
    return found.astype(np.float32)


def distinct_of(vectors, metric=Metric.L2):
    """Distinct points in content order, and the customers at each."""
    distinct = find_distinct(vectors, eligible(metric, vectors))
    content = distinct.content_order
    return searchable(vectors[distinct.first_rows[content]], metric), distinct.sizes[content]


def map_of(vectors, metric=Metric.L2, threads=1):
    points, customers = distinct_of(vectors, metric)
    landmarks = find_landmarks(points, customers, seed=SEED, threads=threads)
    sizes = np.ones(len(landmarks), dtype=np.int64)
    return Layout(landmarks, lay_out(landmarks, sizes))


@pytest.fixture(scope="module")
def crowd():
    return groups_of(2_000)


@pytest.fixture(scope="module")
def crowd_map(crowd):
    return map_of(crowd)


@pytest.mark.parametrize("count", [60, 2_000])
def test_every_landmark_is_the_mean_of_five_customers_or_more(count):
    points, customers = distinct_of(groups_of(count))
    landmarks = find_landmarks(points, customers, seed=SEED)
    assert len(landmarks) > 3
    # A mean of n normal vectors lies nearer to the others than any of them; no point is a landmark.
    nearest = np.linalg.norm(points[:, None] - landmarks, axis=2).min(axis=0)
    assert nearest.min() > 0.1
    own = np.linalg.norm(points[:, None] - landmarks, axis=2).argmin(axis=1)
    assert np.bincount(own, minlength=len(landmarks)).mean() >= 5


def test_four_customers_make_no_landmark_and_five_equal_ones_make_one():
    few = groups_of(4)
    assert find_landmarks(*distinct_of(few), seed=SEED).shape == (0, 8)
    assert find_landmarks(*distinct_of(np.repeat(few[:1], 5, axis=0)), seed=SEED).shape == (1, 8)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 30, 100])
@pytest.mark.parametrize("metric", list(Metric))
def test_small_spaces_lie_somewhere(count, metric):
    for vectors in (groups_of(count), np.ones((count, 8)), np.zeros((count, 8))):
        vectors = vectors.astype(np.float32)
        found = place(searchable(vectors, metric), map_of(vectors, metric))
        assert found.shape == (count, 2)
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
        assert (find_places(vectors, metric) == found).all()


def find_places(vectors, metric, threads=1):
    return place(searchable(vectors, metric), map_of(vectors, metric, threads), threads=threads)


def test_a_place_depends_on_the_vector_alone(crowd, crowd_map):
    places = place(crowd, crowd_map)
    order = np.random.default_rng(1).permutation(len(crowd))
    shuffled = map_of(crowd[order], threads=3)
    assert shuffled.landmarks.tobytes() == crowd_map.landmarks.tobytes()
    assert shuffled.coordinates.tobytes() == crowd_map.coordinates.tobytes()
    assert place(crowd[order], shuffled, threads=3).tobytes() == places[order].tobytes()
    some = order[:17]
    assert place(crowd[some], crowd_map).tobytes() == places[some].tobytes()
    doubled = np.concatenate([crowd, crowd])
    assert place(doubled, crowd_map)[len(crowd) :].tobytes() == places.tobytes()


def test_a_customer_lies_between_the_nearest_landmarks(crowd, crowd_map):
    landmarks = crowd_map.landmarks.astype(np.float64)
    coordinates = crowd_map.coordinates.astype(np.float64)
    assert len(landmarks) >= INTERPOLATED_FROM
    squares = np.square(crowd[:50, None].astype(np.float64) - landmarks).sum(axis=2)
    near = np.argsort(squares, axis=1)[:, : NEAREST + 1]
    close = np.take_along_axis(squares, near, axis=1)
    on_map = coordinates[near] - coordinates[near[:, :1]]
    local = (1 + np.square(on_map).sum(axis=2) / spacing_of(coordinates) ** 2) ** -2
    weights = (1 - close / close[:, -1:]) ** 2 * local
    shift = (weights[:, :, None] * on_map).sum(axis=1) / weights.sum(axis=1)[:, None]
    expected = coordinates[near[:, 0]] + shift
    assert place(crowd[:50], crowd_map) == pytest.approx(expected, abs=1e-6)


def test_equally_far_landmarks_are_no_division_by_zero():
    count = INTERPOLATED_FROM
    landmarks = np.eye(count, count + 2, dtype=np.float32)
    layout = Layout(landmarks, np.random.default_rng(1).random((count, 2), dtype=np.float32))
    found = place(np.zeros((3, count + 2), dtype=np.float32), layout)
    assert np.isfinite(found).all()
    same = Layout(np.zeros_like(landmarks), layout.coordinates)
    assert np.isfinite(place(landmarks, same)).all()


def test_a_refit_is_turned_mirrored_and_scaled_back():
    random = np.random.default_rng(3)
    wanted, weights = random.standard_normal((40, 2)), random.integers(1, 9, 40)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]]) @ np.diag([1.0, -1.0])
    found = oriented(7.0 * wanted @ turn + [3.0, -2.0], wanted, weights)
    assert found == pytest.approx(wanted)
    point = oriented(np.zeros((40, 2)), wanted, weights)
    assert point == pytest.approx(np.tile(np.average(wanted, axis=0, weights=weights), (40, 1)))


def test_a_map_begins_where_the_earlier_one_was(crowd, crowd_map):
    places = place(crowd, crowd_map)
    moved = crowd + np.float32(0.05) * groups_of(len(crowd), seed=9)
    points, customers = distinct_of(moved)
    landmarks = find_landmarks(points, customers, seed=SEED)
    own = np.linalg.norm(moved[:, None] - landmarks, axis=2).argmin(axis=1)
    sizes = np.bincount(own, minlength=len(landmarks))
    start = means_of_groups(places, own, len(landmarks))
    start[3] = np.nan
    refitted = Layout(landmarks, lay_out(landmarks, sizes, start))
    alone = Layout(landmarks, lay_out(landmarks, sizes))
    far = [
        float(np.linalg.norm(place(moved, layout) - places, axis=1).mean())
        for layout in (refitted, alone)
    ]
    assert far[0] < 0.15
    assert far[0] < 0.5 * far[1]


def test_the_first_map_has_the_mean_square_one():
    found = standardised(np.array([[0.0, 0.0], [4.0, 0.0]]), np.array([1, 3]))
    assert found == pytest.approx(np.array([[-3.0, 0.0], [1.0, 0.0]]) / 3**0.5)


@pytest.mark.parametrize("count", [3, 8, 240])
def test_trustworthiness_is_that_of_scikit_learn(count):
    vectors = groups_of(count)
    places = vectors[:, :2].copy()
    found = measure(vectors, places, Metric.L2, seed=SEED)
    k = min(15, (count - 1) // 2)
    assert (found.neighbours, found.sample_size, found.standard_error) == (k, count, 0.0)
    assert found.trustworthiness == pytest.approx(trustworthiness(vectors, places, n_neighbors=k))


def test_a_sample_measures_the_whole_within_its_error(crowd, crowd_map, monkeypatch):
    points, _ = distinct_of(crowd)
    places = place(points, crowd_map)
    sampled = measure(points, places, Metric.L2, seed=SEED, threads=2)
    assert sampled == measure(points, places, Metric.L2, seed=SEED)
    assert sampled.sample_size == faithfulness.SAMPLE
    monkeypatch.setattr(faithfulness, "SAMPLE", len(points))
    whole = measure(points, places, Metric.L2, seed=SEED)
    assert whole.standard_error == 0.0
    difference = abs(sampled.trustworthiness - whole.trustworthiness)
    assert 0 < difference < 3 * sampled.standard_error < 0.02


def test_inner_products_rank_neighbours_by_products():
    vectors = groups_of(100)
    products = -(vectors.astype(np.float64) @ vectors.T)
    np.fill_diagonal(products, -np.inf)
    places = vectors[:, :2].copy()
    found = measure(vectors, places, Metric.INNER_PRODUCT, seed=SEED)
    order = np.argsort(products, axis=1)
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(100)[None], axis=1)
    on_map = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(on_map, np.inf)
    near = np.argsort(on_map, axis=1)[:, :15]
    excess = np.maximum(np.take_along_axis(ranks, near, axis=1) - 15, 0).sum()
    assert found.trustworthiness == pytest.approx(1 - 2 * excess / (100 * 15 * (200 - 45 - 1)))


def test_equal_places_are_no_neighbours_of_themselves():
    vectors = groups_of(90)
    found = measure(vectors, np.zeros((90, 2), dtype=np.float32), Metric.L2, seed=SEED)
    assert 0.3 < found.trustworthiness < 0.8
    assert measure(vectors[:2], np.zeros((2, 2)), Metric.L2, seed=SEED).trustworthiness is None


def test_few_landmarks_make_a_projection():
    vectors = groups_of(120)
    layout = map_of(vectors)
    assert len(layout.landmarks) < placing.INTERPOLATED_FROM
    whole = place(vectors, layout)
    middle = place((vectors[:1] + vectors[1:2]) / 2, layout)
    assert middle == pytest.approx((whole[:1] + whole[1:2]) / 2, abs=1e-5)
    assert place(layout.landmarks, layout) == pytest.approx(layout.coordinates, abs=1e-4)
