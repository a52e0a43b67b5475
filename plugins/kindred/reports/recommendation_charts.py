"""Charts of recommendations: their quality beside other methods, and why items are listed."""

from collections.abc import Sequence
from typing import Any

from kindred.reports.bars_and_lines import bars
from kindred.reports.chart import Chart, Table
from kindred.reports.figures_of_lists import (
    RecommendationQuality,
    RecommendationReason,
    Recommendations,
)
from kindred.reports.forest import forest, keys_of
from kindred.reports.vega import ACCENT, OTHERS
from kindred.reports.wording import count, decimals_of, interval, share

_REASONS = {
    "neighbours": "customers with a similar basket bought them",
    "profile": "customers with a similar profile bought them",
    "popular": "popular with everybody",
    "repurchase": "due to be bought again",
}
_MEASURES = {
    "neighbours": "by neighbours (published where it is best)",
    "popular": "most popular items",
    "item_neighbours": "items bought together",
    "ease": "EASE, a linear model of items",
}


def recommendation_charts(found: Recommendations) -> list[Chart]:
    """How good the lists are beside other methods, and why items are on them."""
    return [*_quality(found.quality), *_reasons(found.reasons)]


def _overlap(one: RecommendationQuality, other: RecommendationQuality) -> bool:
    """Whether the intervals of two recalls overlap."""
    lows, highs = (one.recall_low, other.recall_low), (one.recall_high, other.recall_high)
    known = [limit for limit in (*lows, *highs) if limit is not None]
    return len(known) == 2 * len(lows) and max(known[:2]) <= min(known[2:])


def _quality(found: Sequence[RecommendationQuality]) -> list[Chart]:
    known = [one for one in found if one.recall is not None]
    if not known:
        return []
    rows: list[dict[str, Any]] = [
        {
            "name": _MEASURES.get(one.method, one.method),
            "value": one.recall,
            "low": one.recall_low,
            "high": one.recall_high,
            "colour": ACCENT if one.is_published else OTHERS,
        }
        for one in known
    ]
    decimals = decimals_of(
        [(one.recall, one.recall_low, one.recall_high) for one in known], is_share=True
    )
    mine = next((one for one in known if one.is_published), known[0])
    others = [one for one in known if one is not mine]
    against = ""
    if others:
        best = max(others, key=lambda one: one.recall or 0.0)
        against = f"; the best other method finds {share(best.recall)}"
        if _overlap(mine, best):
            name = _MEASURES.get(best.method, best.method).partition(",")[0]
            against = f", as many as {name} within the intervals"
    return [
        Chart(
            f"The lists find {share(mine.recall)} of what customers bought next{against}",
            f"Recall at {count(mine.k)}: of the items that a customer bought for the first time"
            " after the test began and that could be listed, those on the list; with its 95 %"
            f" interval over {count(mine.customers)} customers. In the table, NDCG counts hits near"
            " the top of a list more, the hit rate is the share of lists with a hit, and coverage"
            " that of the items that are on any list.",
            Table(
                ("method", "recall", "NDCG", "hit rate", "coverage", "published"),
                tuple(
                    (
                        _MEASURES.get(one.method, one.method),
                        interval(
                            one.recall,
                            one.recall_low,
                            one.recall_high,
                            is_share=True,
                            decimals=decimals,
                        ),
                        interval(one.ndcg, one.ndcg_low, one.ndcg_high),
                        interval(one.hit_rate, one.hit_rate_low, one.hit_rate_high, is_share=True),
                        share(one.coverage),
                        "yes" if one.is_published else "no",
                    )
                    for one in known
                ),
            ),
            lambda frame: forest(frame, rows, "recall", reference=None, is_share=True),
            keys=keys_of(rows, {ACCENT: "what customers get", OTHERS: "for comparison"}),
        )
    ]


def _reasons(found: Sequence[RecommendationReason]) -> list[Chart]:
    if not found:
        return []
    rows = [{"name": _REASONS.get(one.method, one.method), "value": one.share} for one in found]
    first = found[0]
    return [
        Chart(
            f"{share(first.share, 0)} of the items are listed because {_because(first.method)}",
            "Why items are on the lists, as a share of all rows.",
            Table(
                ("reason", "rows", "share", "customers"),
                tuple(
                    (
                        _REASONS.get(one.method, one.method),
                        count(one.listed),
                        share(one.share),
                        count(one.customers),
                    )
                    for one in found
                ),
            ),
            lambda frame: bars(frame, rows, "share of the rows", is_share=True),
        )
    ]


def _because(method: str) -> str:
    reason = _REASONS.get(method, method)
    return reason if method in ("neighbours", "profile") else f"they are {reason}"
