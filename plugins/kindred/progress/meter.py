"""How fast work goes: the rate of the last half minute, and the time left by it."""

from collections import deque

WINDOW_SECONDS = 30.0
"""What the rate is taken over: long enough for pieces of some seconds, short enough to be now."""

FIRST_SECONDS = 5.0
"""A rate over less says more about where the first piece ended than about the work."""

FIRST_PIECES = 2
"""Before the second piece is done, a rate includes what only the first one needs."""

GRAIN_SECONDS = 0.25


class Meter:
    """Counts what is done of a total, if that is known.

    All times are in seconds of work on one clock, which stands still while machine code is
    compiled. A rate is that between two moments at which something had just been done: half a
    piece that is not done yet does not lower it.
    """

    def __init__(
        self,
        began: float,
        total: float | None = None,
        unit: str = "rows",
        *,
        done: float | None = None,
    ) -> None:
        """Start to count, or go on from what is ``done`` by then, which has no first piece."""
        self.total = total
        self.unit = unit
        self.done = done or 0.0
        self._pieces = 0 if done is None else 1
        self._moments: deque[tuple[float, float]] = deque([(began, self.done)])

    def reach(self, done: float, now: float) -> None:
        """Record how much is done by now; what is not more than before is no news."""
        if done <= self.done:
            return
        self.done = done
        self._pieces += 1
        moments = self._moments
        if len(moments) > 1 and now - moments[-2][0] < GRAIN_SECONDS:
            moments[-1] = (now, done)
        else:
            moments.append((now, done))
        while len(moments) > 2 and moments[1][0] <= now - WINDOW_SECONDS:
            moments.popleft()

    def rate(self, now: float) -> float | None:
        """Done per second in the last half minute; None until it is worth being printed.

        None also where nothing has been done for half a minute.
        """
        (first, before), (last, done) = self._moments[0], self._moments[-1]
        is_worth = self._pieces >= FIRST_PIECES and last - first >= FIRST_SECONDS
        if not is_worth or self.silent_seconds(now) > WINDOW_SECONDS:
            return None
        return (done - before) / (last - first)

    def silent_seconds(self, now: float) -> float:
        """How long ago something was done."""
        return now - self._moments[-1][0]

    def seconds_left(self, now: float) -> float | None:
        """How long the rest will take at this rate; None if there is no rate or no total."""
        rate = self.rate(now)
        if rate is None or self.total is None:
            return None
        return max(0.0, (self.total - self.done) / rate - self.silent_seconds(now))

    def text(self, now: float) -> str:
        """For example ``412,000 of 1,000,000 rows, 41,200 rows/s, 14 s left``."""
        of = "" if self.total is None else f" of {self.total:,.0f}"
        parts = [f"{self.done:,.0f}{of} {self.unit}"]
        rate, left = self.rate(now), self.seconds_left(now)
        if rate is not None:
            parts.append(f"{_short(rate)} {self.unit}/s")
        elif self.done and self.silent_seconds(now) > WINDOW_SECONDS:
            parts.append(f"none for {self.silent_seconds(now):.0f} s")
        if left is not None:
            parts.append(f"{duration(left)} left")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """Seconds as a person says them: ``14 s``, ``6 min``, ``3.2 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _short(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
