import json

import numpy as np
import pandas as pd
import pytest

from kindred.encoding.encoder import FittedEncoder, fit_encoder
from kindred.errors import DataError
from kindred.spec.features import feature as Feature

FEATURES = {
    "income": Feature(kind="numeric", transform="log1p"),
    "age": Feature(kind="numeric", weight=2.5),
    "debt": Feature(kind="numeric"),
    "is_active": Feature(kind="boolean"),
    "has_card": Feature(kind="boolean", weight=0.5),
    "state": Feature(kind="categorical", max_categories=6, min_frequency=20),
    "plan": Feature(kind="categorical", weight=3.0),
}


def customers(rows=3000, seed=5):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": rng.lognormal(10, 1, rows),
            "age": rng.normal(45, 15, rows).round(),
            "debt": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(-3, 1e4, rows)),
            "is_active": (rng.random(rows) < 0.9).astype(float),
            "has_card": np.where(rng.random(rows) < 0.05, np.nan, rng.random(rows) < 0.3),
            "state": rng.choice(list("ABCDEFGHIJ"), rows, p=[0.3, 0.2, 0.1] + [0.4 / 7] * 7),
            "plan": rng.choice(["gold", "silver", "free"], rows, p=[0.1, 0.3, 0.6]),
        }
    )
    for column in ("state", "plan"):
        frame[column] = frame[column].astype(object)
    frame.loc[rng.random(rows) < 0.03, "plan"] = None
    return frame


def mean_squared_distance(block):
    """Over all ordered pairs of customers, one by one."""
    block = block.astype(np.float64)
    return float(np.mean([np.square(block - row).sum(axis=1).mean() for row in block]))


def test_each_column_contributes_its_weight_to_the_distance_of_random_customers():
    frame = customers()
    encoder = fit_encoder(FEATURES, frame)
    vectors = encoder.transform(frame)
    for column, (start, stop) in encoder.column_blocks.items():
        share = mean_squared_distance(vectors[:, start:stop])
        assert share == pytest.approx(FEATURES[column].weight, rel=1e-4), column
    total = sum(feature.weight for feature in FEATURES.values())
    assert mean_squared_distance(vectors) == pytest.approx(total, rel=1e-4)


def test_fair_shares_hold_for_customers_the_encoder_was_not_fitted_on():
    encoder = fit_encoder(FEATURES, customers(20_000))
    vectors = encoder.transform(customers(20_000, seed=6)).astype(np.float64)
    for column, (start, stop) in encoder.column_blocks.items():
        share = 2.0 * vectors[:, start:stop].var(axis=0).sum()
        assert share == pytest.approx(FEATURES[column].weight, rel=0.1), column


def test_vectors_are_float32_contiguous_finite_and_blocks_follow_the_spec():
    frame = customers()
    encoder = fit_encoder(FEATURES, frame)
    vectors = encoder.transform(frame[frame.columns[::-1]])
    assert vectors.dtype == np.float32
    assert vectors.flags.c_contiguous
    assert vectors.shape == (3000, encoder.dimensions)
    assert np.isfinite(vectors).all()
    assert list(encoder.column_blocks) == list(FEATURES)
    edges = [edge for block in encoder.column_blocks.values() for edge in block]
    assert edges[0] == 0
    assert edges[-1] == encoder.dimensions
    assert edges[1:-1:2] == edges[2::2]


def test_an_encoder_read_back_from_json_makes_the_same_bits():
    frame = customers()
    encoder = fit_encoder(FEATURES, frame)
    # jsonb sorts the keys of objects, so the order of columns must not hang on it.
    text = json.dumps(encoder.to_json(), sort_keys=True, allow_nan=False)
    again = FittedEncoder.from_json(json.loads(text))
    assert again == encoder
    assert list(again.column_blocks) == list(FEATURES)
    assert again.transform(frame).tobytes() == encoder.transform(frame).tobytes()


def test_the_fit_does_not_depend_on_the_order_of_the_rows():
    frame = customers()
    shuffled = frame.sample(frac=1.0, random_state=3)
    assert fit_encoder(FEATURES, shuffled) == fit_encoder(FEATURES, frame)


def test_a_vector_depends_on_its_own_customer_only():
    frame = customers()
    encoder = fit_encoder(FEATURES, frame)
    alone = np.vstack([encoder.transform(frame.iloc[row : row + 1]) for row in range(50)])
    assert alone.tobytes() == encoder.transform(frame)[:50].tobytes()


def test_categories_are_the_frequent_ones_by_count_then_name():
    values = ["b"] * 30 + ["a"] * 30 + ["c"] * 40 + ["rare"] * 4 + [None] * 2 + [float("nan")]
    frame = pd.DataFrame({"state": pd.Series(values, dtype=object)})
    feature = Feature(kind="categorical", max_categories=2, min_frequency=5)
    encoder = fit_encoder({"state": feature}, frame)
    assert encoder.to_json()["columns"][0]["categories"] == ["c", "a"]
    slots = encoder.transform(frame).argmax(axis=1)
    assert set(slots[60:100]) == {0}
    assert set(slots[30:60]) == {1}
    assert set(slots[:30]) == {2}
    assert set(slots[100:104]) == {2}
    assert set(slots[104:]) == {3}


def test_min_frequency_is_inclusive():
    frame = pd.DataFrame({"state": pd.Series(["x"] * 5 + ["y"] * 4, dtype=object)})
    encoder = fit_encoder({"state": Feature(kind="categorical", min_frequency=5)}, frame)
    assert encoder.to_json()["columns"][0]["categories"] == ["x"]


def test_an_unseen_category_takes_the_slot_of_all_others_and_changes_no_width():
    frame = customers()
    encoder = fit_encoder(FEATURES, frame)
    for column, width, slots in (("plan", 5, [3, 4]), ("state", 7, [6, 6])):
        start, stop = encoder.column_blocks[column]
        new = frame.iloc[:2].assign(**{column: pd.Series(["platinum", None], dtype=object)})
        block = encoder.transform(new)[:, start:stop]
        assert stop - start == width
        assert block.argmax(axis=1).tolist() == slots
        assert ((block > 0).sum(axis=1) == 1).all()


@pytest.mark.parametrize(("missing", "width"), [(10, 1), (11, 2)])
def test_an_indicator_appears_above_one_percent_missing(missing, width):
    values = np.arange(1000.0)
    values[:missing] = np.nan
    for kind, column in (("numeric", values), ("boolean", np.where(values > 500, 1.0, values * 0))):
        encoder = fit_encoder({"x": Feature(kind=kind)}, pd.DataFrame({"x": column}))
        assert encoder.dimensions == width
        block = encoder.transform(pd.DataFrame({"x": column})).astype(np.float64)
        assert mean_squared_distance(block) == pytest.approx(1.0, rel=1e-5)


def test_a_missing_number_sits_at_the_median_and_a_missing_boolean_at_the_mean():
    frame = pd.DataFrame({"n": [1.0, 2.0, 9.0, np.nan], "b": [1.0, 1.0, 0.0, np.nan]})
    features = {"n": Feature(kind="numeric"), "b": Feature(kind="boolean")}
    encoder = fit_encoder(features, frame)
    probe = pd.DataFrame({"n": [2.0, np.nan], "b": [2.0 / 3.0, np.nan]})
    vectors = encoder.transform(probe)
    for start, _ in encoder.column_blocks.values():
        assert vectors[0, start] == vectors[1, start]


def test_log1p_is_odd_so_negative_numbers_are_defined():
    frame = pd.DataFrame({"x": [-np.e + 1, 0.0, np.e - 1]})
    vectors = fit_encoder({"x": Feature(kind="numeric", transform="log1p")}, frame).transform(frame)
    assert vectors[1, 0] == 0.0
    assert vectors[0, 0] == -vectors[2, 0]
    assert vectors[2, 0] == pytest.approx(np.sqrt(3 / 4))


@pytest.mark.parametrize("value", [0.1, 1e-300, 1e300, np.nan])
@pytest.mark.parametrize("rows", [1, 7])
def test_a_constant_column_keeps_its_block_and_weighs_nothing(value, rows):
    frame = pd.DataFrame({"x": np.full(rows, value), "y": np.arange(rows, dtype=float)})
    features = {"x": Feature(kind="numeric"), "y": Feature(kind="numeric")}
    encoder = fit_encoder(features, frame)
    vectors = encoder.transform(frame)
    start, stop = encoder.column_blocks["x"]
    assert stop > start
    assert not vectors[:, start:stop].any()
    other = encoder.transform(frame.assign(x=12.5))
    assert not other[:, start:stop].any()


def test_all_null_and_constant_booleans_and_categories_are_zero():
    frame = pd.DataFrame(
        {
            "b": [np.nan] * 4,
            "t": [1.0] * 4,
            "c": pd.Series([None] * 4, dtype=object),
            "d": pd.Series(["same"] * 4, dtype=object),
        }
    )
    features = {
        "b": Feature(kind="boolean"),
        "t": Feature(kind="boolean"),
        "c": Feature(kind="categorical", min_frequency=1),
        "d": Feature(kind="categorical", min_frequency=1),
    }
    encoder = fit_encoder(features, frame)
    assert encoder.dimensions == 2 + 1 + 2 + 2
    assert encoder.constant_columns == ("b", "t", "c", "d")
    assert not encoder.transform(frame).any()


def test_numbers_that_differ_below_float64_variance_count_as_constant():
    frame = pd.DataFrame({"x": [0.0, 1e-200]})
    encoder = fit_encoder({"x": Feature(kind="numeric")}, frame)
    assert not encoder.transform(frame).any()


def test_weight_zero_keeps_the_columns_at_zero():
    frame = customers()
    features = {**FEATURES, "age": Feature(kind="numeric", weight=0.0)}
    encoder = fit_encoder(features, frame)
    start, stop = encoder.column_blocks["age"]
    assert encoder.dimensions == fit_encoder(FEATURES, frame).dimensions
    assert not encoder.transform(frame)[:, start:stop].any()


def test_no_rows_encode_to_no_vectors_but_cannot_be_fitted():
    encoder = fit_encoder(FEATURES, customers())
    assert encoder.transform(customers().iloc[:0]).shape == (0, encoder.dimensions)
    with pytest.raises(DataError, match="found 0 customers"):
        fit_encoder(FEATURES, customers().iloc[:0])


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300])
def test_a_value_that_fits_no_float32_names_its_column(value):
    frame = customers()
    encoder = fit_encoder(FEATURES, frame)
    frame.loc[7, "age"] = value
    with pytest.raises(DataError, match=r"column 'age': value .* in row 7 "):
        encoder.transform(frame)


@pytest.mark.parametrize("value", [np.inf, 1e300])
def test_values_that_cannot_be_standardised_are_refused_at_the_fit(value):
    with pytest.raises(DataError, match="column 'x'"):
        fit_encoder({"x": Feature(kind="numeric")}, pd.DataFrame({"x": [1.0, 2.0, value]}))


def test_a_missing_column_is_named():
    encoder = fit_encoder(FEATURES, customers())
    for act in (encoder.transform, lambda frame: fit_encoder(FEATURES, frame)):
        with pytest.raises(DataError, match=r"\['age', 'plan'\] are missing"):
            act(customers().drop(columns=["plan", "age"]))


WINSORISED = Feature(kind="numeric", scale="winsorised")


def column_of(values, found=WINSORISED):
    frame = pd.DataFrame({"x": np.asarray(values, dtype=float)})
    return fit_encoder({"x": found}, frame).transform(frame)[:, 0].astype(float)


@pytest.mark.parametrize("size", [1e30, -1e30, 1e6])
@pytest.mark.parametrize("rows", [30, 300])
def test_one_outlier_does_not_flatten_a_winsorised_column(size, rows):
    usual = np.random.default_rng(3).normal(40, 9, rows)
    clean = column_of(usual)
    dirty = column_of([*usual, size])
    assert np.ptp(dirty[:-1]) > 0.8 * np.ptp(clean)
    assert abs(dirty[-1] - dirty[:-1].mean()) < 2 * np.abs(clean - clean.mean()).max()
    assert np.ptp(column_of([*usual, size], Feature(kind="numeric"))[:-1]) < 0.5 * np.ptp(clean)


def test_outliers_of_a_column_of_mostly_zeros_do_not_flatten_it():
    usual = np.repeat([0, 1, 3], [960, 30, 10])
    assert np.ptp(column_of([*usual, 1e30, 1e30])[:-2]) > 0.8 * np.ptp(column_of(usual))


def test_without_outliers_winsorised_is_standard_and_a_group_is_no_outlier():
    rng = np.random.default_rng(4)
    for values in (rng.normal(size=500), rng.exponential(size=500), [0] * 300 + [1e6] * 200):
        np.testing.assert_array_equal(column_of(values), column_of(values, Feature(kind="numeric")))


def test_a_later_outlier_is_clipped_by_the_encoder_it_has_never_seen():
    frame = pd.DataFrame({"x": np.random.default_rng(5).normal(size=400)})
    encoder = fit_encoder({"x": WINSORISED}, frame)
    later = encoder.transform(pd.DataFrame({"x": [1e37, 0.0]}))
    assert abs(later[0, 0]) < 30
    again = FittedEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    np.testing.assert_array_equal(again.transform(frame), encoder.transform(frame))


def test_one_date_without_end_does_not_flatten_the_others():
    days = np.random.default_rng(6).integers(18_000, 19_000, 300)
    found = Feature(kind="date", scale="winsorised")
    dirty = column_of([*days, 2_932_896], found)
    assert np.ptp(dirty[:-1]) > 0.8 * np.ptp(column_of(days, found))
