"""Which published snapshots to keep: the newest nights and some earlier month ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Retention:
    """How many of the newest snapshots to keep, and how many month ends besides.

    With ``nights`` 0 everything is kept.
    """

    nights: int
    month_ends: int

    def outdated(self, published: Sequence[datetime]) -> list[datetime]:
        """The published snapshots that need not be kept, oldest first.

        Nights are counted from the newest snapshot, not from the clock: a week without runs makes
        nothing outdated. A month end is the last snapshot whose ``as_of`` falls in that month
        (UTC); the month of the newest snapshot has not ended.
        """
        if not published or not self.nights:
            return []
        newest_first = sorted((as_of.astimezone(UTC) for as_of in published), reverse=True)
        last_of_month: dict[tuple[int, int], datetime] = {}
        for as_of in newest_first:
            last_of_month.setdefault((as_of.year, as_of.month), as_of)
        ended = list(last_of_month.values())[1:]
        kept = {*newest_first[: self.nights], *ended[: self.month_ends]}
        return [as_of for as_of in reversed(newest_first) if as_of not in kept]

    def oldest_night(self, published: Sequence[datetime]) -> datetime | None:
        """The oldest of the ``nights`` newest snapshots; None if there are fewer."""
        if not self.nights or len(published) < self.nights:
            return None
        return sorted(published)[-self.nights]
