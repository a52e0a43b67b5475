"""Fairness on real customers: every column adds the same to the distance of two of them."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kindred.encoding.encoder import fit_encoder
from kindred.spec.features import feature
from kindred.spec.model import load_spec
from local.demo import customer_columns

DATA = Path(
    os.environ.get("KINDRED_TEST_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")
)


def pairwise_shares(encoder, vectors, pairs=200_000, seed=11):
    """Mean squared distance of random pairs of customers, column by column."""
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, len(vectors), (2, pairs))
    different = first != second
    squares = np.square(vectors[first[different]] - vectors[second[different]], dtype=np.float64)
    return {
        column: float(squares[:, start:stop].sum(axis=1).mean())
        for column, (start, stop) in encoder.column_blocks.items()
    }


def exact_shares(encoder, vectors):
    """The same over all pairs, since it is twice the variance."""
    doubled = 2.0 * vectors.astype(np.float64).var(axis=0, ddof=1)
    return {
        column: float(doubled[start:stop].sum())
        for column, (start, stop) in encoder.column_blocks.items()
    }


def telco():
    frame = pd.read_csv(real("telco_churn.csv"))
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    numbers = ["tenure", "MonthlyCharges", "TotalCharges"]
    categories = frame.columns.difference([*numbers, "customerID", "Churn", "SeniorCitizen"])
    features = {name: feature("numeric") for name in numbers}
    features |= {name: feature("categorical") for name in categories}
    return features | {"SeniorCitizen": feature("boolean")}, frame


def marketing():
    frame = pd.read_csv(real("marketing_campaign.csv"), sep=";", encoding="utf-8-sig")
    joined = pd.to_datetime(frame["Dt_Customer"]).to_numpy().astype("datetime64[D]")
    frame["joined"] = joined.astype(np.int64).astype(float)
    features = {
        "Income": feature("numeric", transform="quantile"),
        "MntWines": feature("numeric", transform="log1p"),
        "MntFruits": feature("numeric", clip=3),
        "Kidhome": feature("numeric"),
        "Education": feature("categorical"),
        "Marital_Status": feature("categorical"),
        "joined": feature("date", cyclic=["month", "weekday"]),
    }
    return features, frame


def reviews():
    frame = pd.read_csv(real("womens_clothing_reviews.csv.gz"))
    features = {
        "Age": feature("numeric"),
        "Class Name": feature("categorical"),
        "Title": feature("text", components=16),
        "Review Text": feature("text"),
    }
    return features, frame


def loans():
    columns = {column.name: column.values for column in customer_columns()}
    spec = load_spec(Path(__file__).resolve().parents[3] / "include" / "features" / "default.yaml")
    frame = pd.DataFrame({name: columns[name] for name in spec.features})
    frame["has_bankruptcy"] = frame["has_bankruptcy"].astype(float)
    return spec.features, frame


def real(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not there; KINDRED_TEST_DATA names the folder of test data")
    return path


@pytest.mark.parametrize(
    "data_set", [telco, marketing, loans, pytest.param(reviews, marks=pytest.mark.soak)]
)
def test_every_column_has_the_same_share(data_set):
    features, frame = data_set()
    encoder = fit_encoder(features, frame, fitted_day=20_000.0)
    vectors = encoder.transform(frame)
    assert encoder.constant_columns == ()
    for column, share in exact_shares(encoder, vectors).items():
        assert share == pytest.approx(features[column].weight, rel=0.02), column
    for column, share in pairwise_shares(encoder, vectors).items():
        assert share == pytest.approx(features[column].weight, rel=0.1), column


def test_a_category_of_a_hundred_thousand_values():
    values = np.array([f"value {number}" for number in range(100_000)], dtype=object)
    values[:3000] = "often"
    frame = pd.DataFrame({"code": values, "age": np.arange(100_000.0) % 80})
    features = {"code": feature("categorical"), "age": feature("numeric")}
    encoder = fit_encoder(features, frame)
    assert encoder.dimensions == 2 + 1
    assert exact_shares(encoder, encoder.transform(frame))["code"] == pytest.approx(1.0, rel=0.02)
