"""Lists that belong to an encoder, and how many of them a snapshot of it probes."""

from dataclasses import dataclass

import numpy as np

from kindred.neighbours.distinct import Distinct
from kindred.neighbours.inverted_lists import LIST_SIZE, Tuned
from kindred.neighbours.list_training import ListTree, train_tree
from kindred.neighbours.refining_gain import candidate_recall
from kindred.neighbours.truth import Truth
from kindred.neighbours.tuning import Sample, cheapest, content_points, tuned
from kindred.spec.metrics import Metric

STEP = 1.25
"""Growth of the probes from rung to rung: a night that needs more does not need many more."""

STANDARD_ERRORS = 1.0
"""Margin of a snapshot's recall above the target. Its sample is mostly that of the night before,
so this is a guard against drift; the margin of three errors was taken when rung 0 was tuned."""

GROWTH = 4
"""Lists serve snapshots of a quarter to four times as many distinct vectors as they were trained
for: within that, their sizes cost little, see docs/graph.md."""

SKEWED = 8
"""Lists are not used for vectors whose lists are so many times as long as even ones, as seen from a
vector: those of vectors that have all moved away fall into a few, which are searched whole."""


@dataclass(frozen=True)
class FrozenLists:
    """The lists of an encoder's snapshots, with the searches they may use, cheapest first.

    ``rungs``: (near lists, probes) of each; the last one probes every list. ``candidate_recall``:
    the recall of the lists alone that a pass over neighbours starts from; None: none is made.
    """

    tree: ListTree
    rungs: tuple[tuple[int, int], ...]
    candidate_recall: float | None

    def fit(self, points: int) -> bool:
        """Whether so many distinct vectors are about as many as the lists were trained for."""
        usual = len(self.tree.centroids) * LIST_SIZE
        return usual <= GROWTH * points and points <= GROWTH * usual


def freeze_lists(
    vectors: np.ndarray,
    distinct: Distinct,
    metric: Metric,
    truth: Truth,
    target_recall: float,
    *,
    seed: int,
    threads: int,
) -> FrozenLists:
    """Train and tune lists on the customers that an encoder was fitted on."""
    points = content_points(vectors, distinct, metric)
    customers = distinct.sizes[distinct.content_order]
    tree = train_tree(points, seed=seed, customers=customers, threads=threads)
    lists = tree.lists_of(points, threads=threads)
    sample = Sample.of(vectors, distinct, metric, truth, lists)
    k = truth.neighbours.shape[1]
    aimed = candidate_recall(
        vectors, distinct, metric, k, target_recall, seed=seed, threads=threads
    )
    width, probes, _ = cheapest(sample, aimed or target_recall, threads)
    return FrozenLists(tree, _rungs(width, probes, len(tree.centroids)), aimed)


def use_lists(
    frozen: FrozenLists,
    vectors: np.ndarray,
    distinct: Distinct,
    metric: Metric,
    truth: Truth,
    target_recall: float,
    *,
    threads: int,
) -> Tuned | None:
    """Assign a snapshot's vectors to the lists, and take the first rung that is good enough.

    ``target_recall`` is that of the lists alone. None if the vectors fall into few of the lists.
    """
    points = content_points(vectors, distinct, metric)
    lists = frozen.tree.lists_of(points, threads=threads)
    lengths = np.diff(lists.starts).astype(np.float64)
    if np.square(lengths).sum() * len(lengths) > SKEWED * lengths.sum() ** 2:
        return None
    sample = Sample.of(vectors, distinct, metric, truth, lists)
    known: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for width, probes in frozen.rungs:
        if width not in known:
            known[width] = sample.recalls(width, threads)
        recall, error = (float(values[probes - 1]) for values in known[width])
        if recall - STANDARD_ERRORS * error >= target_recall:
            break
    return tuned(distinct, metric, lists, width, probes, recall, threads)


def _rungs(width: int, probes: int, lists: int) -> tuple[tuple[int, int], ...]:
    rungs = [(width, probes)]
    while probes < lists:
        probes = min(lists, max(probes + 1, round(STEP * probes)))
        while width < min(lists, 2 * probes):
            width = min(lists, 2 * width)
        rungs.append((width, probes))
    return tuple(rungs)
