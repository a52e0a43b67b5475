"""Do audiences find similar customers? Half of those with an outcome are seeds, half are to find.

Three real tables: telco (churn), Caravan (has the insurance) and the demo's loans (grade A),
encoded as in ``benchmarks.neighbours``, without text. The outcome is not encoded. For each of
several seeded splits, half of the customers with the outcome are the seeds; all others are scored
by ``benchmarks.audience_scores.score_audience``, which computes what ``bi.lookalike_audience``
does. **Lift** is the share of the outcome among the best 10 % of the others, divided by its share
among all of them.

The baseline is scikit-learn's logistic regression on the same vectors and splits, with the seeds as
positives and all others as negatives. It ranks the same customers. The **ratio** is that of the
medians over the splits.
"""

import sys
import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks import tables
from benchmarks.audience_scores import score_audience
from benchmarks.report import Report, arguments, machine, timed
from benchmarks.tables import Table
from kindred.encoding.embeddings import centroid_of_customers
from kindred.encoding.encoder import fit_encoder
from kindred.spec.features import Kind

SEED = 20_180_401
TOP_SHARE = 0.1
LEAST_RATIO = 0.8

Vectors = NDArray[np.float32]
Scores = NDArray[np.float64]


def split(is_positive: NDArray[np.bool_], seed: int) -> NDArray[np.intp]:
    """Half of the positives, in row order."""
    positives = np.flatnonzero(is_positive)
    chosen = np.random.default_rng(seed).permutation(positives)[: len(positives) // 2]
    return np.sort(chosen)


def lift_at_top(scores: Scores, is_positive: NDArray[np.bool_], seeds: NDArray[np.intp]) -> float:
    """Share of positives among the best 10 % of the customers who are not seeds, over their share.

    Ties are taken in row order.
    """
    rest = np.setdiff1d(np.arange(len(scores)), seeds)
    best = rest[np.argsort(-scores[rest], kind="stable")[: round(TOP_SHARE * len(rest))]]
    return float(is_positive[best].mean() / is_positive[rest].mean())


def regression_scores(vectors: Vectors, seeds: NDArray[np.intp]) -> Scores:
    """Scores of a logistic regression of seeds against all others."""
    is_seed = np.zeros(len(vectors), dtype=bool)
    is_seed[seeds] = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a fit that has not converged is not a valid baseline
        model = LogisticRegression(max_iter=10_000).fit(vectors, is_seed)
    return np.asarray(model.decision_function(vectors), dtype=np.float64)


def measure_table(report: Report, table: Table, splits: int) -> None:
    """Lift of both sides over the splits."""
    features = {c: f for c, f in table.features.items() if f.kind is not Kind.TEXT}
    vectors = fit_encoder(features, table.frame).transform(table.frame)
    centroid = centroid_of_customers(vectors)
    lifts: dict[str, list[float]] = {"audience": [], "regression": []}
    seconds = []
    for number in range(splits):
        seeds = split(table.is_positive, SEED + number)
        took, scores = timed(score_audience, vectors, seeds, centroid)
        seconds.append(took)
        lifts["audience"].append(lift_at_top(scores, table.is_positive, seeds))
        by_regression = regression_scores(vectors, seeds)
        lifts["regression"].append(lift_at_top(by_regression, table.is_positive, seeds))
    audience, regression = (float(np.median(found)) for found in lifts.values())
    each = np.divide(lifts["audience"], lifts["regression"])
    report.measure(
        table.name,
        rows=len(vectors),
        dimensions=vectors.shape[1],
        positives=int(table.is_positive.sum()),
        audience=audience,
        regression=regression,
        ratio=audience / regression,
        lowest=float(each.min()),
        highest=float(each.max()),
        milliseconds=1000 * float(np.median(seconds)),
    )
    report.at_least(f"{table.name}: lift / regression's", audience / regression, LEAST_RATIO)


def main() -> int:
    options = arguments(__doc__, splits=21)
    found = [tables.telco(), tables.caravan(), tables.loans()]
    report = Report("audience", {"splits": options.splits, "seed": SEED}, machine())
    for table in found:
        measure_table(report, table, options.splits)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
