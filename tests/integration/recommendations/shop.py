"""A shop that recommends, and what its customers own."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from integration.events_shop import shop_spec
from integration.warehouse import moment
from kindred.spec.model import Spec

CATALOGUE = {"table": "products", "key": "product_id", "name": "name", "available": "in_stock"}
RECOMMENDED = {
    "of": "purchases",
    "similar_by": "basket",
    "neighbours": 40,
    "items": 8,
    "catalogue": CATALOGUE,
}


def spec_of(*, catalogue: dict[str, Any] | None = None, **changes: Any) -> Spec:
    """The shop's spec; ``catalogue`` changes keys of the catalogue."""
    asked = {**RECOMMENDED, "catalogue": {**CATALOGUE, **(catalogue or {})}}
    given: dict[str, Any] = {
        "recommendations": asked,
        "clustering": {"algorithms": ["kmeans"]},
        "refit": "never",
        "gates": {"max_drift": 100.0},
    }
    return shop_spec(**{**given, **changes})


def owned(lines: Iterable[tuple[Any, ...]], as_of: str) -> dict[int, set[str]]:
    """Customer -> items of which something is left, from the lines of the source."""
    left: dict[tuple[int, str], int] = defaultdict(int)
    for _, customer, at, item, _, quantity, _ in sorted(lines, key=lambda line: line[2]):
        if at < moment(as_of):
            pair = customer, str(item)
            left[pair] = max(0, left[pair] + quantity)
    found: dict[int, set[str]] = defaultdict(set)
    for (customer, item), units in left.items():
        if units:
            found[customer].add(item)
    return found
