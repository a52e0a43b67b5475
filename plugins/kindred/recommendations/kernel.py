"""The items of a customer's neighbours, scored and ranked: the inner loop."""

import numpy as np

from kindred.neighbours.compiled import compiled


@compiled
def best_items(
    rows: np.ndarray,
    neighbours: np.ndarray,
    weights: np.ndarray,
    starts: np.ndarray,
    owned: np.ndarray,
    shares: np.ndarray,
    factors: np.ndarray,
    least_buyers: int,
    pseudo: float,
    items: np.ndarray,
    scores: np.ndarray,
    bought_by: np.ndarray,
    counted: np.ndarray,
) -> None:
    """Rank what the neighbours own and the customer does not.

    ``rows`` int32 (m,): customers; ``neighbours`` int32 and ``weights`` float32 (m, k): -1 or
    weight 0 for none. Customer i owns ``owned[starts[i]:starts[i + 1]]``, ascending. ``shares``
    float32 (items,): everyone's; ``factors`` float32 (items,): of the score, 0 for items that are
    never recommended. Fills ``items`` int32, ``scores`` float32 and ``bought_by`` int32, (m, n),
    best first, -1, 0 and 0 where there are too few, and ``counted`` int32 (m,), the neighbours that
    had a weight. Equal scores are in the order of the items.
    """
    # Weight and number of owners side by side: one cache line per item.
    sums = np.zeros((len(shares), 2), dtype=np.float32)
    touched = np.empty(len(shares), dtype=np.int32)
    for q in range(len(rows)):
        count = 0
        total = np.float32(0.0)
        used = 0
        for n in range(neighbours.shape[1]):
            neighbour, weight = neighbours[q, n], weights[q, n]
            if neighbour < 0 or not weight > 0.0:
                continue
            total += weight
            used += 1
            for at in range(starts[neighbour], starts[neighbour + 1]):
                item = owned[at]
                if sums[item, 1] == 0.0:
                    touched[count] = item
                    count += 1
                sums[item, 0] += weight
                sums[item, 1] += 1.0
        for at in range(starts[rows[q]], starts[rows[q] + 1]):
            sums[owned[at], 1] = min(sums[owned[at], 1], 0.5)
        counted[q] = used
        added = pseudo * total / max(1, used)
        for t in range(count):
            item = touched[t]
            buyers = sums[item, 1]
            if buyers >= least_buyers and factors[item] > 0.0:
                share = (sums[item, 0] + added * shares[item]) / (total + added)
                score = np.float32(share * factors[item])
                _insert(items[q], scores[q], bought_by[q], item, score, int(buyers))
            sums[item, 0] = 0.0
            sums[item, 1] = 0.0


@compiled
def fill_up(
    rows: np.ndarray,
    starts: np.ndarray,
    owned: np.ndarray,
    popular: np.ndarray,
    items: np.ndarray,
    methods: np.ndarray,
    method: int,
) -> None:
    """Fill what is left of lists with ``popular`` items, int32, best first, that are not owned.

    ``items`` int32 and ``methods`` int8 (m, n) are as `best_items` left them.
    """
    width = items.shape[1]
    for q in range(len(rows)):
        mine = owned[starts[rows[q]] : starts[rows[q] + 1]]
        filled = 0
        while filled < width and items[q, filled] >= 0:
            filled += 1
        listed = filled
        for item in popular:
            if filled == width:
                break
            at = np.searchsorted(mine, item)
            if at < len(mine) and mine[at] == item:
                continue
            is_listed = False
            for n in range(listed):
                if items[q, n] == item:
                    is_listed = True
            if not is_listed:
                items[q, filled] = item
                methods[q, filled] = method
                filled += 1


@compiled
def _insert(
    items: np.ndarray,
    scores: np.ndarray,
    bought_by: np.ndarray,
    item: int,
    score: np.float32,
    buyers: int,
) -> None:
    last = len(items) - 1
    if items[last] >= 0 and (scores[last], -items[last]) >= (score, -item):
        return
    at = last
    while at > 0 and (items[at - 1] < 0 or (scores[at - 1], -items[at - 1]) < (score, -item)):
        items[at], scores[at], bought_by[at] = items[at - 1], scores[at - 1], bought_by[at - 1]
        at -= 1
    items[at], scores[at], bought_by[at] = item, score, buyers
