"""Do audiences find their like? Half of those with an outcome as seeds, the other half to find.

Three real tables: telco (churn), Caravan (has the insurance) and the demo's loans (grade A),
encoded as in ``benchmarks.neighbours``, without text. The outcome is in no vector. For each of
several seeded splits, half of the customers who have it are the seeds; everybody else is scored by
``encode.audience.score_audience``, which is what ``bi.lookalike_audience`` computes. **Lift** is
the share of the outcome among the best 10 % of those who are left, divided by its share among all
of them.

The other side: scikit-learn's logistic regression on the same vectors, fitted on the same split,
the seeds as positives and everybody else as negatives. It sees the same customers and has to rank
the same ones. The **ratio** is that of the medians over the splits.
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
from kindred.encoding.centroid import centroid_of_customers
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
    """Share of positives among the best 10 % of the customers who are no seeds, over that of all.

    Equal scores are taken in row order.
    """
    rest = np.setdiff1d(np.arange(len(scores)), seeds)
    best = rest[np.argsort(-scores[rest], kind="stable")[: round(TOP_SHARE * len(rest))]]
    return float(is_positive[best].mean() / is_positive[rest].mean())


def regression_scores(vectors: Vectors, seeds: NDArray[np.intp]) -> Scores:
    """The logistic regression that tells the seeds from everybody else."""
    is_seed = np.zeros(len(vectors), dtype=bool)
    is_seed[seeds] = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # one that has not converged is no side to compare with
        model = LogisticRegression(max_iter=10_000).fit(vectors, is_seed)
    return np.asarray(model.decision_function(vectors), dtype=np.float64)


def measure_table(report: Report, table: Table, splits: int) -> None:
    """Lift of both sides over the splits."""
    features = {c: f for c, f in table.features.items() if f.kind is not Kind.TEXT}
    vectors = fit_encoder(features, table.frame).transform(table.frame)
    center = centroid_of_customers(vectors)
    lifts: dict[str, list[float]] = {"audience": [], "regression": []}
    seconds = []
    for number in range(splits):
        seeds = split(table.is_positive, SEED + number)
        took, scores = timed(score_audience, vectors, seeds, center)
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
