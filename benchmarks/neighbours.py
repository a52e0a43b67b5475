"""Are the neighbours meaningful? Lift of an outcome that is not encoded.

Four real tables: telco (churn), Caravan (has the insurance), marketing (answers the campaign), and
the demo's loans (grade A). The three files are encoded by the spec that ``kindred infer-spec``
proposes, unchanged; the loans by the demo's spec. Telco is measured once more with one tenure of
1e30. The 10 nearest customers by l2, without the
customer itself, are exact. **Lift** is the share of the outcome among the lookalikes of customers
with the outcome, divided by its share among all.

The baseline encodes the same columns by scikit-learn's StandardScaler (median for missing numbers)
and one-hot encoding. The **ratio** of both lifts has a 95 % interval from 2,000 resamples of the
customers with the outcome (percentile bootstrap, the same customers on both sides).

**Reviews**: for a sample of clothing reviews, how many of the 10 lookalikes by the review's text
alone are from the same department, by sentence embeddings (all-MiniLM-L6-v2, int8) and by TF-IDF,
with 32 components each; resampled in the same way.
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import faiss
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from benchmarks import tables
from benchmarks.report import Report, arguments, machine
from benchmarks.tables import Table
from kindred.encoding.encoder import fit_encoder
from kindred.encoding.sentence_models.load import load_model
from kindred.spec.features import Feature, Kind, feature

SEED = 20_180_401
RESAMPLES = 2_000
TEXT = "Review Text"
LIFT_TARGETS = {"telco": 1.7, "Caravan": 1.7}

Vectors = NDArray[np.float32]
Shares = NDArray[np.float64]


def nearest(vectors: Vectors, k: int) -> NDArray[np.int64]:
    """The k nearest others of each row: (n, k) positions."""
    rows = np.ascontiguousarray(vectors)
    _, found = faiss.knn(rows, rows, k + 1)
    is_other = found != np.arange(len(rows))[:, None]
    # With many equal rows, a customer may be missing from its own neighbours: drop the last one.
    is_other[is_other.all(axis=1), -1] = False
    return np.asarray(found[is_other].reshape(len(rows), k), dtype=np.int64)


def plain_vectors(frame: pd.DataFrame, features: Mapping[str, Feature]) -> Vectors:
    """Standardised numbers and one-hot categories."""
    parts = []
    for column, found in features.items():
        if found.kind is Kind.CATEGORICAL:
            codes, names = pd.factorize(frame[column], use_na_sentinel=False)
            parts.append(np.eye(len(names))[codes])
        else:
            numbers = frame[column].fillna(frame[column].median()).to_numpy()
            parts.append(StandardScaler().fit_transform(numbers[:, None]))
    return np.hstack(parts).astype(np.float32)


def interval_of_ratio(ours: Shares, theirs: Shares) -> tuple[float, float]:
    """95 % interval of the ratio of two means over the same customers."""
    random = np.random.default_rng(SEED)
    ratios = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        chosen = random.integers(0, len(ours), len(ours))
        ratios[number] = ours[chosen].mean() / theirs[chosen].mean()
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


def measure_table(report: Report, table: Table, k: int) -> None:
    """Measure the lift of Kindred's vectors and of the baseline's."""
    features = {c: f for c, f in table.features.items() if f.kind is not Kind.TEXT}
    vectors = fit_encoder(features, table.frame).transform(table.frame)
    sides = {"kindred": vectors, "plain": plain_vectors(table.frame, features)}
    shares = {
        side: table.is_positive[nearest(found, k)].mean(axis=1)[table.is_positive]
        for side, found in sides.items()
    }
    base = float(table.is_positive.mean())
    lifts = {side: float(found.mean()) / base for side, found in shares.items()}
    low, high = interval_of_ratio(shares["kindred"], shares["plain"])
    report.measure(
        table.name,
        rows=len(table.frame),
        columns=len(features),
        dimensions=vectors.shape[1],
        base_rate=base,
        kindred=lifts["kindred"],
        plain=lifts["plain"],
        ratio=lifts["kindred"] / lifts["plain"],
        low=low,
        high=high,
    )
    if table.name in LIFT_TARGETS:
        report.at_least(f"{table.name}: lift", lifts["kindred"], LIFT_TARGETS[table.name])
    report.at_least(f"{table.name}: upper end of the ratio", high, 0.97)


def text_vectors(texts: NDArray[np.object_]) -> dict[str, Vectors]:
    """A text column by each method."""
    frame = pd.DataFrame({TEXT: texts})
    tfidf = fit_encoder({TEXT: feature("text")}, frame).transform(frame)
    with tempfile.TemporaryDirectory() as folder:
        directory = tables.link_sentence_model(Path(folder))
        model = load_model(str(directory))
        embeddings = model.embed(texts.tolist())

        def embed(column: str, strings: NDArray[np.object_]) -> tuple[str, Vectors]:
            position = {text: row for row, text in enumerate(texts)}
            return model.name, embeddings[[position[text] for text in strings]]

        features = {TEXT: feature("text", method="sentence", model=str(directory))}
        sentence = fit_encoder(features, frame, embed=embed).transform(frame, embed)
    return {"sentence": sentence, "tfidf": tfidf}


def measure_reviews(report: Report, count: int, k: int) -> None:
    """Measure the share of the same department among the lookalikes of reviews."""
    texts, departments = tables.reviews(count, SEED)
    shares = {
        method: (departments[nearest(vectors, k)] == departments[:, None]).mean(axis=1)
        for method, vectors in text_vectors(texts).items()
    }
    low, high = interval_of_ratio(shares["sentence"], shares["tfidf"])
    by_chance = float((pd.Series(departments).value_counts(normalize=True) ** 2).sum())
    means = {f"{method}_share": float(found.mean()) for method, found in shares.items()}
    ratio = means["sentence_share"] / means["tfidf_share"]
    report.measure(
        "reviews", rows=len(texts), base_rate=by_chance, **means, ratio=ratio, low=low, high=high
    )
    report.at_least("reviews: lower end of the ratio sentence / TF-IDF", low, 1.0)


def main() -> int:
    options = arguments(__doc__, k=10, reviews=5_000)
    found = [tables.telco(), tables.caravan(), tables.marketing(), tables.loans()]
    found.append(tables.with_outlier(found[0], "tenure"))
    parameters = {"k": options.k, "reviews": options.reviews, "resamples": RESAMPLES, "seed": SEED}
    report = Report("neighbours", parameters, machine())
    for table in found:
        measure_table(report, table, options.k)
    measure_reviews(report, options.reviews, options.k)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
