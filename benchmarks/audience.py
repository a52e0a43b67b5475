"""Do trained audiences find the right people, and is their measured quality true?

Real tables with an outcome that is not encoded: telco (churn), Caravan (has the insurance), a
grocer's campaigns with at least 100 answers (marketing), the demo's loans (grade A), and the
households that redeem a grocer's coupons in the second half of a year, by the basket of the first.
Encoded as in ``benchmarks.neighbours``, without text.

**Ranking.** For each of several seeded splits, half of the customers with the outcome are the seeds
and all others the pool. **Lift** is the share of the outcome among the best 10 % of the pool,
divided by its share in the pool. Compared are the published audience, every method that it chooses
from (the best in hindsight is the one of the highest median over the splits), and today's
``bi.lookalike_audience``, which ``benchmarks.audience_scores`` computes. **Covered**: how often the
published interval contains the lift of the hidden people, whom training took for others.

**Probabilities.** A random half of the customers was asked: those with the outcome are the seeds,
the others have said no. The other half is the pool. By tenths of the probability: does the mean lie
in the 95 % interval of the observed rate? The Brier score is that of the pool, beside that of the
rate among the asked.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import purchases, tables
from benchmarks.audience_scores import score_audience
from benchmarks.report import Report, arguments, machine, timed
from benchmarks.tables import Table
from kindred.audiences.comparison import Comparison, compare, rank
from kindred.audiences.intervals import interval_of_share
from kindred.audiences.methods import METHODS, Method
from kindred.audiences.people import people_of
from kindred.audiences.populations import Populations, Truth
from kindred.audiences.quality import quality_rows
from kindred.audiences.trained import QualityRow, Ranking, Trained
from kindred.audiences.training import train
from kindred.encoding.embeddings import centroid_of_customers
from kindred.encoding.encoder import fit_encoder
from kindred.recommendations.quality import buying_profiles
from kindred.spec.features import Kind

SEED = 20_180_401
TOP_SHARE = 0.1
CAMPAIGNS = ("Response", "AcceptedCmp1", "AcceptedCmp3", "AcceptedCmp4", "AcceptedCmp5")
"""The campaigns that at least 100 customers have answered."""
COUPONS_FROM = "2017-07-01"

RATIO_TO_BEST, LEAST_RATIO_TO_BEST, RATIO_TO_TODAY = 0.97, 0.92, 1.05
COVERED, LEAST_COVERED = 0.9, 0.8
CALIBRATED_TENTHS = 8

SHORT = dict(
    zip(
        [method.name for method in METHODS],
        ["blend", "centroid", "nearest", "regression", "boosting"],
        strict=True,
    )
)

Vectors = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Customers:
    """Encoded customers, whether each has the outcome, and each column's slice of the vectors."""

    name: str
    vectors: Vectors
    is_positive: Bools
    blocks: dict[str, tuple[int, int]]


@dataclass
class Ranked:
    """What the splits of one set have shown, one entry per split."""

    published: list[float] = field(default_factory=list)
    today: list[float] = field(default_factory=list)
    methods: dict[Method, list[float]] = field(default_factory=dict)
    is_covered: list[bool] = field(default_factory=list)
    chosen: list[Method] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def best(self) -> Method:
        """The method of the highest median lift."""
        return max(self.methods, key=lambda method: float(np.median(self.methods[method])))


def encoded(table: Table) -> Customers:
    """The customers of a table by all of its columns but texts."""
    features = {c: f for c, f in table.features.items() if f.kind is not Kind.TEXT}
    encoder = fit_encoder(features, table.frame)
    vectors = encoder.transform(table.frame)
    return Customers(table.name, vectors, table.is_positive, encoder.column_blocks)


def redeemers() -> Customers:
    """Households by what they bought, and who redeemed a coupon afterwards."""
    events = purchases.grocer("product_type")
    coupons = pd.read_parquet(purchases.grocer_file("coupon_redemptions"))
    is_later = pd.to_datetime(coupons["redemption_date"]) >= pd.Timestamp(COUPONS_FROM)
    redeemed = set(coupons.loc[is_later, "household_id"])
    is_positive = np.array([customer in redeemed for customer in events.customers])
    vectors = buying_profiles(events.before(COUPONS_FROM)).astype(np.float32)
    return Customers("redeemers", vectors, is_positive, {"basket": (0, vectors.shape[1])})


def _campaign(answer: str) -> Customers:
    return encoded(tables.marketing(answer))


SETS: tuple[Callable[[], Customers], ...] = (
    lambda: encoded(tables.telco()),
    lambda: encoded(tables.caravan()),
    *(partial(_campaign, answer) for answer in CAMPAIGNS),
    lambda: encoded(tables.loans()),
    redeemers,
)


def split(is_positive: Bools, seed: int) -> NDArray[np.intp]:
    """Half of the positives, in row order."""
    positives = np.flatnonzero(is_positive)
    chosen = np.random.default_rng(seed).permutation(positives)[: len(positives) // 2]
    return np.sort(chosen)


def lift_at_top(ranked: NDArray[np.integer], is_positive: Bools) -> float:
    """Share of positives among the best 10 % of a ranked pool, over their share in it."""
    best = ranked[: round(TOP_SHARE * len(ranked))]
    return float(is_positive[best].mean() / is_positive[ranked].mean())


def populations_of(
    customers: int, seeds: NDArray[np.integer], asked: NDArray[np.integer] | None = None
) -> Populations:
    """Seeds, and all others as the pool; or seeds among the asked, and the rest as the pool."""
    rows = np.arange(customers, dtype=np.int32)
    pool = np.setdiff1d(rows, seeds if asked is None else asked).astype(np.int32)
    return Populations(
        seeds=np.asarray(seeds, dtype=np.int32),
        judged=np.asarray(seeds, dtype=np.int32),
        excluded=np.empty(0, dtype=np.int32),
        pool=pool,
        others=None if asked is None else np.setdiff1d(asked, seeds).astype(np.int32),
        contacted=None if asked is None else np.asarray(asked, dtype=np.int32),
        truth=Truth.NONE if asked is None else Truth.CONTACTED,
        given=len(seeds),
        known=len(seeds),
    )


def hashes_of(customers: int, seed: int) -> NDArray[np.uint64]:
    """Keyed hashes of customers."""
    random = np.random.default_rng(seed)
    return random.integers(0, 2**64, customers, dtype=np.uint64, endpoint=False)


def published_row(comparison: Comparison, pool: int) -> QualityRow:
    """The published quality at 10 %."""
    rows = quality_rows(
        [TOP_SHARE],
        comparison.places,
        comparison.people.judges,
        comparison.method_per_fold,
        None,
        pool,
    )
    [row] = [r for r in rows if r.size == TOP_SHARE and r.ranking is Ranking.PUBLISHED]
    return row


def by_place(comparison: Comparison, method: Method) -> NDArray[np.int32]:
    """The pool as a method ranks it."""
    judges = comparison.people.judges
    pool = np.flatnonzero(judges.reference > 0.0)
    places = comparison.places[method][pool]
    return judges.rows[pool[np.lexsort((judges.ties[pool], -places))]]


def rank_once(customers: Customers, seed: int, threads: int, found: Ranked) -> None:
    """One split: rank by all methods, and look at who was hidden."""
    vectors, is_positive = customers.vectors, customers.is_positive
    seeds = split(is_positive, seed)
    populations = populations_of(len(vectors), seeds)
    people = people_of(populations, hashes_of(len(vectors), seed))
    took, comparison = timed(compare, vectors, people, TOP_SHARE, threads)
    ranked = rank(vectors, comparison, threads)
    published = lift_at_top(ranked.judges.rows[ranked.order], is_positive)
    row = published_row(comparison, len(populations.pool))
    scores = score_audience(vectors, seeds, centroid_of_customers(vectors))
    today = populations.pool[np.argsort(-scores[populations.pool], kind="stable")]
    for method in comparison.places:
        lifts = found.methods.setdefault(method, [])
        lifts.append(lift_at_top(by_place(comparison, method), is_positive))
    found.published.append(published)
    found.today.append(lift_at_top(today, is_positive))
    found.is_covered.append((row.lift_low or 0.0) <= published <= (row.lift_high or 0.0))
    found.chosen.append(comparison.method)
    found.seconds.append(took)


def measure_ranking(report: Report, customers: Customers, splits: int, threads: int) -> Ranked:
    """Rank one set in all splits, and report it."""
    found = Ranked()
    for number in range(splits):
        rank_once(customers, SEED + number, threads, found)
    medians = {method: float(np.median(lifts)) for method, lifts in found.methods.items()}
    report.measure(
        f"{customers.name}: ranking",
        rows=len(customers.vectors),
        dimensions=customers.vectors.shape[1],
        positives=int(customers.is_positive.sum()),
        published=float(np.median(found.published)),
        today=float(np.median(found.today)),
        **{SHORT[method.name]: lift for method, lift in medians.items()},
        blend_chosen=found.chosen.count(METHODS[0]),
        covered=float(np.mean(found.is_covered)),
        seconds=float(np.median(found.seconds)),
    )
    return found


def asked_once(customers: Customers, seed: int, threads: int) -> tuple[Trained, Bools]:
    """Ask a random half, and train on the answers; with the outcome of the ranked pool."""
    rows = np.random.default_rng(seed).permutation(len(customers.vectors))
    asked = np.sort(rows[: len(rows) // 2])
    seeds = asked[customers.is_positive[asked]]
    trained = train(
        customers.vectors,
        populations_of(len(rows), seeds, asked),
        hashes_of(len(rows), seed),
        [TOP_SHARE, 1.0],
        blocks=customers.blocks,
        threads=threads,
    )
    return trained, customers.is_positive[trained.order]


def tenths_within(probabilities: NDArray[np.float64], is_positive: Bools) -> int:
    """In how many tenths of a pool, ranked, the mean lies in the observed rate's interval."""
    ends = np.round(np.linspace(0, len(probabilities), 11)).astype(int)
    within = 0
    for start, stop in pairwise(ends):
        low, high = interval_of_share(float(is_positive[start:stop].sum()), stop - start)
        within += low <= float(probabilities[start:stop].mean()) <= high
    return int(within)


def measure_probabilities(report: Report, customers: Customers, splits: int, threads: int) -> None:
    """Calibration and Brier score of one set."""
    tenths, brier, base, covered = [], [], [], []
    for number in range(splits):
        trained, is_positive = asked_once(customers, SEED + number, threads)
        assert trained.probabilities is not None
        tenths.append(tenths_within(trained.probabilities, is_positive))
        [row] = [
            r for r in trained.quality if r.size == TOP_SHARE and r.ranking is Ranking.PUBLISHED
        ]
        rate = row.seeds / (len(customers.vectors) // 2)
        brier.append(float(np.square(trained.probabilities - is_positive).mean()))
        base.append(float(np.square(rate - is_positive).mean()))
        lift = lift_at_top(trained.order, customers.is_positive)
        covered.append((row.lift_low or 0.0) <= lift <= (row.lift_high or 0.0))
    ratio = float(np.median(np.divide(brier, base)))
    report.measure(
        f"{customers.name}: probabilities",
        tenths=float(np.median(tenths)),
        least_tenths=min(tenths),
        brier=float(np.median(brier)),
        base=float(np.median(base)),
        covered=float(np.mean(covered)),
    )
    report.at_least(f"{customers.name}: calibrated tenths", np.median(tenths), CALIBRATED_TENTHS)
    report.at_most(f"{customers.name}: Brier score / base rate's", ratio, 1.0)


def check(report: Report, found: dict[str, Ranked]) -> None:
    """The targets of all sets together."""
    published = {name: float(np.median(one.published)) for name, one in found.items()}
    to_best = {n: published[n] / float(np.median(f.methods[f.best])) for n, f in found.items()}
    to_today = {n: published[n] / float(np.median(f.today)) for n, f in found.items()}
    for name, ratio in to_best.items():
        report.at_least(f"{name}: lift / best method's", ratio, LEAST_RATIO_TO_BEST)
    for name, one in found.items():
        share = float(np.mean(one.is_covered))
        report.at_least(f"{name}: intervals that hold", share, LEAST_COVERED)
    covered = float(np.mean([held for one in found.values() for held in one.is_covered]))
    report.at_least("all sets: intervals that hold", covered, COVERED)
    report.at_least("median: lift / best's", np.median([*to_best.values()]), RATIO_TO_BEST)
    report.at_least("median: lift / today's", np.median([*to_today.values()]), RATIO_TO_TODAY)


def main() -> int:
    options = arguments(__doc__, splits=21, threads=2)
    parameters = {"splits": options.splits, "seed": SEED, "threads": options.threads}
    report = Report("audience", parameters, machine())
    found = {}
    for make in SETS:
        customers = make()
        found[customers.name] = measure_ranking(report, customers, options.splits, options.threads)
        measure_probabilities(report, customers, options.splits, options.threads)
    check(report, found)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
