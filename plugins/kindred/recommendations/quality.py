"""The quality of recommendations: measured on a split in time, beside simpler and other methods."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.encoding.items_block import fit_items
from kindred.events.ownership import ItemCounts
from kindred.neighbours.results import ShardResult
from kindred.neighbours.search import search_shards
from kindred.neighbours.search_plan import plan_graph
from kindred.recommendations.judging import Estimate, Judged, is_worse, judge
from kindred.recommendations.lists import Catalogue, most_popular, recommend
from kindred.recommendations.parameters import Parameters, grid
from kindred.recommendations.rivals import EASE_ITEMS, Make, ease, item_neighbours, top_lists
from kindred.recommendations.splits import Split
from kindred.spec.metrics import Metric

GRAPH_RECALL = 0.9
"""Recall of the graph of buying profiles. Without a random tenth of the nearest 222 neighbours, a
grocer's recall@20 changed by .0007 at most, a third of its standard error."""

NEIGHBOURS, POPULAR = "neighbours", "popular"
ITEM_NEIGHBOURS, EASE = "item_neighbours", "ease"

NOT_CHOSEN = (
    "the lists are made by columns of the customers too, whose values before the test are not"
    " known: lists without these columns were measured, so that no measurement could choose between"
    " the neighbours' lists and the most popular items; the neighbours' lists are taken, since the"
    " spec asks for them"
)
"""Why the most popular items are not offered, whatever their recall."""

Encode = Callable[[Split], NDArray[np.float32]]
"""Fits the encoder on what was known before a split, and returns the customers' vectors, float32
(customers, d), with zeros for those who have no profile."""


@dataclass(frozen=True)
class MethodQuality:
    """What `recommendation_quality` shows of one method. ``customers``: how many were tested."""

    method: str
    k: int
    recall: Estimate
    ndcg: Estimate
    hit_rate: Estimate
    coverage: float
    customers: int


@dataclass(frozen=True)
class Quality:
    """The measured methods, and what follows: the list to publish and its parameters.

    ``listable_share``, ``left_out``: what the test leaves out, as of `Split`. ``similar_by``: the
    features that were measured with; ``unmeasured``: those that the lists have besides. ``reason``:
    why the published list was not chosen by this measurement; None if it was.
    """

    methods: tuple[MethodQuality, ...]
    published: str
    parameters: Parameters
    listable_share: float = 1.0
    left_out: int = 0
    similar_by: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()
    reason: str | None = None

    def of_lists_with(self, similar_by: Sequence[str], measured: Collection[str]) -> "Quality":
        """The same for lists by ``similar_by``, of which only ``measured`` were measured with.

        If that is not all, nobody gets the measured lists, and their recall chooses nothing.
        """
        known = tuple(name for name in similar_by if name in measured)
        if len(known) == len(similar_by):
            return replace(self, similar_by=known)
        rest = tuple(name for name in similar_by if name not in measured)
        return replace(
            self, similar_by=known, unmeasured=rest, published=NEIGHBOURS, reason=NOT_CHOSEN
        )


def buying_profiles(purchases: Any) -> NDArray[np.float32]:
    """Vectors by the basket alone, from a block that is fitted on these purchases."""
    values = ItemCounts(purchases, np.arange(purchases.shape[1]))
    block = fit_items(values)
    vectors = np.zeros((purchases.shape[0], block.width), dtype=np.float32)
    block.write(values, vectors)
    return np.ascontiguousarray(block.profile_part(vectors))


def profiles_before(split: Split) -> NDArray[np.float32]:
    """Vectors by all that was bought before a split, and by nothing else."""
    return buying_profiles(split.before)


def measure_quality(
    earlier: Split,
    test: Split,
    *,
    encode: Encode = profiles_before,
    neighbours: int,
    count: int,
    seed: int,
    threads: int = 1,
) -> Quality:
    """Choose parameters on the earlier split, and measure all methods on the test.

    Parameters
    ----------
    earlier, test : Split
        The earlier one ends where the test begins.
    encode : callable
        Called once per split, with what was known before it.
    neighbours : int
        The most neighbours of a customer.
    count : int
        Items per list: the k of recall@k.
    seed : int
    threads : int
        Does not change the result.

    Returns
    -------
    Quality
        To be published: the neighbours' lists or, where their recall is lower by more than one
        standard error of the difference, the most popular items.
    """
    choices = judge_neighbours(
        earlier, encode, grid(neighbours), count=count, seed=seed, threads=threads
    )
    parameters = best_of(choices)
    judged = measured_methods(test, encode, parameters, count=count, seed=seed, threads=threads)
    is_popular = is_worse(judged[NEIGHBOURS].recall, judged[POPULAR].recall)
    return Quality(
        tuple(quality_of(name, count, found) for name, found in judged.items()),
        POPULAR if is_popular else NEIGHBOURS,
        parameters,
        test.listable_share,
        test.left_out,
    )


def measured_methods(
    split: Split,
    encode: Encode,
    parameters: Parameters,
    *,
    count: int,
    seed: int,
    threads: int = 1,
) -> dict[str, Judged]:
    """The lists of the neighbours, the most popular, item neighbours and EASE, judged."""
    ours = judge_neighbours(split, encode, [parameters], count=count, seed=seed, threads=threads)
    judged = {NEIGHBOURS: ours[parameters], POPULAR: judge_popular(split, count)}
    judged[ITEM_NEIGHBOURS] = judge_rival(split, item_neighbours, count)
    if len(split.candidates) <= EASE_ITEMS:
        judged[EASE] = judge_rival(split, ease, count)
    return judged


def best_of(choices: Mapping[Parameters, Judged]) -> Parameters:
    """The first parameters that are not worse than the best by more than a standard error.

    The best of many are partly the luckiest on this split (Breiman et al. 1984, section 3.4.3).
    """
    best = max(choices, key=lambda parameters: choices[parameters].mean("recall").value)
    recall = choices[best].recall
    return next(tried for tried in choices if not is_worse(choices[tried].recall, recall))


def judge_neighbours(
    split: Split,
    encode: Encode,
    tried: list[Parameters],
    *,
    count: int,
    seed: int,
    threads: int = 1,
) -> dict[Parameters, Judged]:
    """Judge the neighbours' lists, by several parameters, on one graph."""
    catalogue = Catalogue.of(split.before)
    widest = max(parameters.neighbours for parameters in tried)
    near = neighbours_of(encode(split), split.tested, widest, seed=seed, threads=threads)
    candidates = len(catalogue.popular)
    judged = {}
    for parameters in tried:
        found = recommend(
            catalogue, Metric.COSINE, near, count, parameters=parameters, threads=threads
        )
        judged[parameters] = judge(found.items, near.rows, split.new, candidates)
    return judged


def neighbours_of(
    vectors: NDArray[np.float32],
    rows: NDArray[np.int32],
    neighbours: int,
    *,
    seed: int,
    threads: int = 1,
) -> ShardResult:
    """The neighbours of some customers by the cosine of their vectors; -1 for zero vectors."""
    plan = plan_graph(
        vectors,
        Metric.COSINE,
        neighbours,
        target_recall=GRAPH_RECALL,
        shards=1,
        seed=seed,
        threads=threads,
    )
    at = np.full(len(vectors), -1)
    at[rows] = np.arange(len(rows))
    nearest = np.full((len(rows), plan.k), -1, dtype=np.int32)
    distances = np.full((len(rows), plan.k), np.nan, dtype=np.float32)
    for result in search_shards(plan, vectors, threads=threads):
        is_wanted = at[result.rows] >= 0
        nearest[at[result.rows[is_wanted]]] = result.neighbours[is_wanted]
        distances[at[result.rows[is_wanted]]] = result.distances[is_wanted]
    return ShardResult(rows, nearest, distances)


def judge_popular(split: Split, count: int) -> Judged:
    """Judge lists of the most popular items that each customer does not own."""
    catalogue = Catalogue.of(split.before)
    found = most_popular(catalogue, split.tested, count)
    return judge(found.items, split.tested, split.new, len(catalogue.popular))


def judge_rival(split: Split, make: Make, count: int) -> Judged:
    """Judge the lists of another method, which sees only the items that could be recommended."""
    candidates, rows = split.candidates, split.tested
    if not len(rows):
        return judge(np.empty((0, count), dtype=np.int32), rows, split.new, len(candidates))
    before = sparse.csr_array(split.before[:, candidates])
    lists = top_lists(make(before), rows, before, count)
    return judge(lists, rows, split.new[:, candidates], len(candidates))


def quality_of(method: str, k: int, judged: Judged) -> MethodQuality:
    """The means over the tested customers."""
    return MethodQuality(
        method,
        k,
        judged.mean("recall"),
        judged.mean("ndcg"),
        judged.mean("hits"),
        judged.coverage,
        len(judged.recall),
    )
