"""How far back a spec looks at events: its features, and what customers own."""

from collections.abc import Mapping
from dataclasses import dataclass

from kindred.spec.events import Recommendations
from kindred.spec.features import EventFeature, Feature


@dataclass(frozen=True)
class LookBack:
    """Something that is made of events.

    ``what``: how messages call it; ``of``: the events' name; ``days``: how far it looks back, None
    for all events; ``key``: the key of the spec that says so.
    """

    what: str
    of: str
    days: float | None
    key: str


def look_backs(
    features: Mapping[str, Feature], recommendations: Recommendations | None
) -> list[LookBack]:
    """All that a spec makes of events, in its order."""
    found = [
        LookBack(f"feature {name!r}", feature.of, feature.days, "days")
        for name, feature in features.items()
        if isinstance(feature, EventFeature)
    ]
    if recommendations is not None:
        owned = recommendations.owned_days
        found.append(
            LookBack("ownership in 'recommendations'", recommendations.of, owned, "owned_days")
        )
    return found
