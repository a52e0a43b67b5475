"""Each decision about a column, on a made one."""

from decimal import Decimal

import numpy as np
import pytest

from kindred.infer.column_names import looks_like_label, names_outcome
from kindred.infer.kinds import Use, decide
from kindred.infer.typed_values import stored_column
from unit.text_columns import typed

ROWS = 2000
RNG = np.random.default_rng(7)
AMOUNTS = np.round(np.exp(RNG.normal(10, 1, ROWS)), 2)
WORDS = np.array(["good", "bad", "shirt", "fits", "colour", "small", "love", "it", "not", "very"])


def texts(values):
    return [str(value) for value in values]


def sentences(words, rows=ROWS):
    return [" ".join(RNG.choice(WORDS, words)) + f" {n}" for n in range(rows)]


def zipf(share, rows=ROWS):
    """A few frequent values that cover a share of the rows; the others occur twice."""
    frequent = [f"city{n % 50}" for n in range(int(rows * share))]
    return frequent + [f"rare{n // 2}" for n in range(rows - len(frequent))]


SCALE = {"scale": "winsorised"}
FEATURES = {
    "numbers": ("age", texts(RNG.integers(18, 90, ROWS)), {"kind": "numeric", **SCALE}),
    "a skewed amount": (
        "income",
        texts(AMOUNTS),
        {"kind": "numeric", "transform": "log1p", **SCALE},
    ),
    "an amount that can be negative": ("balance", texts(-AMOUNTS), {"kind": "numeric", **SCALE}),
    "ordered codes": ("stars", texts(RNG.integers(1, 6, ROWS)), {"kind": "numeric", **SCALE}),
    "skewed codes": ("kids", texts([0] * 1900 + [1] * 80 + [9] * 20), {"kind": "numeric", **SCALE}),
    "0 and 1": ("active", texts([0, 1] * 1000), {"kind": "boolean"}),
    "yes and no": ("partner", ["Yes", "No"] * 1000, {"kind": "boolean"}),
    "true and false": ("member", ["true", "FALSE"] * 1000, {"kind": "boolean"}),
    "1 and 2 are no flag": ("level", ["1", "2"] * 1000, {"kind": "numeric", **SCALE}),
    "three words": ("phone", ["Yes", "No", "No service", "Yes"] * 500, {"kind": "categorical"}),
    "postal codes": (
        "zip_code",
        texts(RNG.integers(10_000, 99_999, ROWS)),
        {"kind": "categorical"},
    ),
    "an id of few values": ("store_id", texts(RNG.integers(1, 13, ROWS)), {"kind": "categorical"}),
    "dates": ("joined", ["2020-01-02", "2020-03-04"] * 1000, {"kind": "date", **SCALE}),
    "frequent values": ("city", zipf(0.6), {"kind": "categorical"}),
    "one text or none": ("coupon", ["SPRING", ""] * 1000, {"kind": "categorical"}),
    "free text": (
        "review",
        sentences(20),
        {"kind": "text", "method": "tfidf", "components": 32},
    ),
    "short texts of several words": (
        "title",
        [f"love this shirt {n // 2}" for n in range(ROWS)],
        {"kind": "text", "method": "tfidf", "components": 32},
    ),
}


@pytest.mark.parametrize("case", FEATURES)
def test_features(case):
    name, values, settings = FEATURES[case]
    decision = decide(typed(name, values))
    assert decision.use is Use.FEATURE, decision.reason
    assert dict(decision.settings) == settings
    assert decision.reason


IGNORED = {
    "nothing": ("notes", [""] * ROWS, "all 2,000 values are null"),
    "NA only": ("notes", ["NA", ""] * 1000, "all 2,000 values are null"),
    "a constant": ("z_revenue", ["11"] * ROWS, "constant: one value"),
    "a constant with nulls": ("z", ["11", ""] * 1000, "constant: one value beside 1,000 nulls"),
    "a constant text": ("country", ["DE"] * ROWS, "constant: one value"),
    "an id by name": ("Clothing ID", texts(RNG.integers(1, 1200, ROWS)), "id by name"),
    "a reference": ("customer_ref", [f"c-{n}" for n in range(ROWS)], "id by name"),
    "a sequence": ("column_1", texts(range(ROWS)), "gapless sequence of 2,000"),
    "a shuffled sequence": ("position", texts(RNG.permutation(ROWS) + 5), "gapless sequence"),
    "mail addresses": (
        "email",
        [f"p{n}@x.de" for n in range(ROWS)],
        "e-mail addresses: 2,000 distinct",
    ),
    "names of people": ("name", [f"Ann Lee{n}" for n in range(ROWS)], "an id or a name"),
    "many short values": ("session", zipf(0.2), "the 50 most frequent cover 2"),
    "dates nobody can tell": (
        "day",
        [f"{1 + n % 12:02d}/{1 + n // 12 % 12:02d}/20{n % 20 + 10}" for n in range(ROWS)],
        "dates whose day and month cannot be told apart",
    ),
}


@pytest.mark.parametrize("case", IGNORED)
def test_ignored(case):
    name, values, reason = IGNORED[case]
    decision = decide(typed(name, values))
    assert decision.use is Use.IGNORE, decision.settings
    assert reason in decision.reason


def test_an_income_with_as_many_values_as_rows_is_no_id():
    income = RNG.permutation(ROWS) * 7 + 20_000
    assert decide(typed("income", texts(income))).settings["kind"] == "numeric"


def test_a_sequence_in_a_sample_says_nothing():
    column = typed("position", texts(range(ROWS)))
    assert decide(column, is_sample=True).settings["kind"] == "numeric"


def test_rows_that_will_be_rejected_are_announced():
    decision = decide(typed("amount", texts(AMOUNTS) + ["n.n."] * 3))
    assert decision.settings["kind"] == "numeric"
    assert "3 values that are none: their rows will be rejected" in decision.reason


def test_dates_before_1900_are_announced_or_too_many():
    usual = ["2020-01-02", "2020-03-04"] * 500
    few = decide(typed("joined", [*usual, "1899-12-31"]))
    assert few.settings["kind"] == "date"
    assert "1 before 1900: their rows will be rejected" in few.reason
    many = decide(typed("joined", usual + ["0001-01-01"] * 20))
    assert many.use is Use.IGNORE
    assert "20 of 1,020 dates lie before 1900" in many.reason


def test_dates_after_9999_and_before_christ_are_announced():
    usual = ["2020-01-02", "2020-03-04"] * 500
    stored = stored_column("joined", "date", [*usual, "infinity", "10000-01-01", "2020-01-01 BC"])
    reason = decide(stored).reason
    assert "1 before 1900: their rows will be rejected" in reason
    assert "2 after 9999: their rows will be rejected" in reason


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), 1e38, Decimal("NaN")])
def test_numbers_that_no_vector_holds_are_refused_and_no_nulls(bad):
    column = stored_column("income", "numeric", [*AMOUNTS.tolist(), bad, bad, None])
    reason = decide(column).reason
    assert "2 values that are not a finite number up to 1e37: their rows will be rejected" in reason
    assert "1 nulls" in reason


def test_a_column_with_many_such_numbers_is_left_out():
    column = stored_column("income", "double precision", AMOUNTS[:200].tolist() + [np.nan] * 100)
    decision = decide(column)
    assert decision.use is Use.IGNORE
    assert "100 of 300 values are not a finite number" in decision.reason
    nothing = decide(stored_column("income", "double precision", [np.nan, np.inf, None] * 10))
    assert nothing.use is Use.IGNORE
    assert "none of 20 values is a finite number" in nothing.reason


@pytest.mark.parametrize("number", ["1e50", "1e999"])
def test_numbers_of_a_file_that_no_vector_holds_are_refused_too(number):
    decision = decide(typed("amount", [*texts(AMOUNTS), number]))
    assert "1 values that are not a finite number" in decision.reason


@pytest.mark.parametrize("usual", [RNG.normal(40, 9, ROWS), AMOUNTS, RNG.integers(0, 9, ROWS)])
def test_an_outlier_is_announced_and_does_not_change_the_kind(usual):
    without = decide(typed("amount", texts(usual)))
    decision = decide(typed("amount", [*texts(usual), "1e30"]))
    assert "1 far outliers will be clipped" in decision.reason
    assert "clipped" not in without.reason
    assert decision.settings == without.settings


def test_a_reason_holds_counts_and_no_value():
    for name, values, *_ in (*FEATURES.values(), *IGNORED.values()):
        reason = decide(typed(name, values)).reason
        for value in values[:5]:
            assert len(value) < 4 or value not in reason


def test_small_tables_have_small_categories():
    decision = decide(typed("city", ["Ulm", "Bonn"] * 150))
    assert dict(decision.settings) == {"kind": "categorical", "min_frequency": 3}
    assert decide(typed("city", ["Ulm", "Bonn"])).settings["min_frequency"] == 1


def test_short_texts_without_many_rows_get_few_components():
    decision = decide(typed("review", sentences(20, rows=60)))
    assert dict(decision.settings) == {
        "kind": "text",
        "method": "tfidf",
        "components": 6,
        "min_frequency": 1,
    }


@pytest.mark.parametrize(
    ("sql_type", "values", "role"),
    [
        ("boolean", [True, False, None], Use.FEATURE),
        ("uuid", ["a", "b", "c"], Use.IGNORE),
        ("grade", ["a", "b", "a"], Use.FEATURE),
        ("jsonb", [f"{{{n}}}" for n in range(80)], Use.IGNORE),
        ("date", ["2020-01-01", "2020-01-02", None], Use.FEATURE),
        ("text", ["y", "N", None], Use.FEATURE),
        ("numeric", [1, 2, None], Use.FEATURE),
    ],
)
def test_columns_of_a_database(sql_type, values, role):
    assert decide(stored_column("c", sql_type, values)).use is role


@pytest.mark.parametrize(
    "name",
    [
        *("Churn", "Response", "AcceptedCmp3", "Recommended IND", "is_default", "defaulted"),
        *("target", "has_converted", "Attrition_Flag", "outcome", "label", "churn_label"),
    ],
)
def test_names_of_labels(name):
    assert looks_like_label(name)


@pytest.mark.parametrize(
    "name",
    ["response_time", "target_group", "Rating", "customer", "status", "Class Name", "churn_reason"],
)
def test_names_of_no_labels(name):
    assert not looks_like_label(name)


def test_names_that_hold_an_outcome():
    assert names_outcome("Churn Reason", "Churn")
    assert names_outcome("churn_score", "is_churn")
    assert names_outcome("sub_grade", "grade")
    assert not names_outcome("churn", "churn_label")
    assert not names_outcome("church", "churn")
    assert not names_outcome("AcceptedCmp1", "AcceptedCmp2")
    assert not names_outcome("column_8", "column_85")
