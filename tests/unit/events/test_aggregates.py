"""Numbers per customer from lines of events, by hand and against a plain computation."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from kindred.encoding.encoder import fit_encoder
from kindred.events import aggregates
from kindred.events.lines import MICROSECONDS_PER_DAY as DAY
from kindred.events.lines import Lines
from kindred.spec.features import feature

NAN = np.nan


def lines_of(*rows):
    """Lines from (customer, day, item, amount, quantity)."""
    customers, days, items, amounts, quantities = zip(*rows, strict=True)
    moments = np.round(np.array(days) * DAY).astype(np.int64)
    columns = np.array(amounts, dtype=float), np.array(quantities, dtype=float)
    return Lines.of(np.array(customers), moments, np.array(items), *columns)


BASKETS = lines_of(
    (0, 1.0, 5, 10.0, 1),
    (0, 1.0, 6, 20.0, 2),
    (0, 4.0, 5, 30.0, 1),
    (0, 6.0, 5, -30.0, -1),  # gives back
    (2, 2.5, 6, 4.0, NAN),
    (3, 9.0, 6, -7.0, NAN),  # gives back what was bought before the window
)


def test_negative_lines_lower_sums_and_means_and_are_no_purchase():
    np.testing.assert_array_equal(aggregates.total(BASKETS, BASKETS.amounts, 4), [30, 0, 4, -7])
    np.testing.assert_array_equal(aggregates.mean(BASKETS, BASKETS.amounts, 4), [7.5, NAN, 4, -7])
    np.testing.assert_array_equal(aggregates.count_purchases(BASKETS, 4), [3, 0, 1, 0])
    np.testing.assert_array_equal(aggregates.last_purchase_days(BASKETS, 4), [4, NAN, 2.5, NAN])
    np.testing.assert_array_equal(
        aggregates.count_distinct(BASKETS, BASKETS.items, 4), [2, 0, 1, 0]
    )


def test_a_source_that_signs_the_quantity_only():
    lines = lines_of((0, 1.0, 1, 10.0, 1), (0, 2.0, 1, 10.0, -1), (0, 3.0, 1, 5.0, 1))
    assert aggregates.total(lines, lines.amounts, 1).tolist() == [5.0]
    assert aggregates.count_purchases(lines, 1).tolist() == [2.0]


def test_a_negative_sum_is_encoded_below_zero_by_log1p():
    frame = pd.DataFrame({"spend": aggregates.total(BASKETS, BASKETS.amounts, 4)})
    encoder = fit_encoder({"spend": feature("numeric", transform="log1p")}, frame)
    returned, nothing, little, much = encoder.transform(frame)[[3, 1, 2, 0], 0]
    assert returned < nothing < little < much


def test_the_share_of_a_value_is_of_what_was_kept():
    lines = lines_of(
        (0, 1.0, 0, 30.0, NAN),
        (0, 1.0, 1, 50.0, NAN),
        (0, 2.0, 1, -40.0, NAN),
        (1, 1.0, 1, 5.0, NAN),
        (1, 2.0, 0, -9.0, NAN),
        (2, 1.0, 0, -9.0, NAN),
    )
    shares = aggregates.share_of_total(lines, lines.amounts, lines.items, 1, 4)
    np.testing.assert_allclose(shares, [0.25, 1.0, NAN, NAN])


def test_time_between_purchases_counts_a_basket_once():
    np.testing.assert_array_equal(aggregates.days_between(BASKETS, 4), [3.0, NAN, NAN, NAN])


def test_the_edges_of_a_window():
    as_of = 10 * DAY
    edges = lines_of(
        (0, 10.0, 1, 1.0, 1),  # at as_of: the next snapshot's
        (1, 3.0, 1, 1.0, 1),  # exactly seven days before
        (2, 3.0 - 1e-9, 1, 1.0, 1),  # not quite inside
        (3, 10.0 - 1e-9, 1, 1.0, 1),
    )
    counts = aggregates.count_purchases(edges.within(as_of, 7), 4)
    assert counts.tolist() == [0, 1, 0, 1]
    assert aggregates.count_purchases(edges.within(as_of), 4).tolist() == [0, 1, 1, 1]


def test_recency_as_a_date_does_not_change_from_night_to_night():
    bought = aggregates.last_purchase_days(BASKETS.within(100 * DAY), 4)
    later = aggregates.last_purchase_days(BASKETS.within(101 * DAY), 4)
    np.testing.assert_array_equal(bought, later)
    first_day = datetime(1970, 1, 5, tzinfo=UTC).timestamp() / 86400
    assert bought[0] == first_day


def random_lines(count, customers, seed):
    rng = np.random.default_rng(seed)
    amounts = rng.normal(3, 4, count) * 10.0 ** rng.integers(-3, 9, count)
    amounts[rng.random(count) < 0.1] = NAN
    return {
        "customers": rng.integers(0, customers, count),
        "at": rng.integers(0, 40 * DAY, count),
        "items": rng.integers(-1, 9, count),
        "amounts": amounts,
        "quantities": rng.integers(-1, 4, count).astype(float),
    }


def every_aggregate(given, customers):
    lines = Lines.of(**given).within(30 * DAY, 20)
    amounts = lines.amounts
    return np.stack(
        [
            aggregates.last_purchase_days(lines, customers),
            aggregates.count_purchases(lines, customers),
            aggregates.count_distinct(lines, lines.items, customers),
            aggregates.total(lines, amounts, customers),
            aggregates.mean(lines, amounts, customers),
            aggregates.share_of_total(lines, amounts, lines.items, 3, customers),
            aggregates.days_between(lines, customers),
        ]
    )


def test_the_order_of_the_lines_changes_no_bit():
    given = random_lines(4000, 50, seed=1)
    expected = every_aggregate(given, 50)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(4000)
        found = every_aggregate({name: values[order] for name, values in given.items()}, 50)
        assert found.tobytes() == expected.tobytes()


def test_a_customer_depends_on_its_own_lines_only():
    given = random_lines(4000, 50, seed=2)
    mine = given["customers"] == 7
    alone = every_aggregate({name: values[mine] for name, values in given.items()}, 50)
    assert alone[:, 7].tobytes() == every_aggregate(given, 50)[:, 7].tobytes()


def test_aggregates_are_those_of_pandas():
    given = random_lines(3000, 40, seed=3)
    frame = pd.DataFrame(given)
    frame = frame[(frame["at"] < 30 * DAY) & (frame["at"] >= 10 * DAY)]
    back = (frame["amounts"] < 0) | (frame["quantities"] < 0)
    frame.loc[back, "amounts"] = -frame.loc[back, "amounts"].abs()
    bought = frame[~back]
    by_customer = frame.groupby("customers")["amounts"]
    rows = range(40)
    expected = [
        (bought.groupby("customers")["at"].max() / DAY).reindex(rows),
        bought.groupby("customers").size().reindex(rows, fill_value=0),
        bought[bought["items"] >= 0].groupby("customers")["items"].nunique().reindex(rows),
        by_customer.sum().reindex(rows),
        by_customer.mean().reindex(rows),
    ]
    np.testing.assert_allclose(every_aggregate(given, 40)[:5], np.stack(expected), rtol=1e-9)


@pytest.mark.parametrize("customers", [0, 3])
def test_no_lines(customers):
    nothing = {name: values[:0] for name, values in random_lines(9, 2, seed=4).items()}
    found = every_aggregate(nothing, customers)
    assert found.shape == (7, customers)
    assert (found[[1, 2, 3]] == 0).all()
    assert np.isnan(found[[0, 4, 5, 6]]).all()
