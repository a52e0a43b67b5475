"""A shop that recommends, and what its customers own."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from integration.events_shop import LAST_NIGHT, shop_spec
from integration.warehouse import Laboratory, moment
from kindred.run.context import Run
from kindred.spec.model import Spec

COUNT = 8
LISTS = "select customer_id, rank, item, method from bi.recommendations_current order by 1, 2"
CATALOGUE = {"table": "products", "key": "product_id", "name": "name", "available": "in_stock"}
RECOMMENDED = {
    "of": "purchases",
    "similar_by": "basket",
    "neighbours": 40,
    "items": COUNT,
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


SPEC = spec_of()


def begun(shop: Laboratory, **changes: Any) -> Run:
    """A run of a spec with changes: the newest date again."""
    return shop.begin(spec_of(**changes), LAST_NIGHT)


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
