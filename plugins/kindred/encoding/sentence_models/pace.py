"""Log the speed of embedding texts: a forecast after the first few dozen, then progress."""

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

SAMPLE_TEXTS = 48
REPORT_EVERY_SECONDS = 10.0


class Pace:
    """Counts finished texts and logs progress; does not affect any result."""

    def __init__(self, new: int, cached: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._new = new
        self._cached = cached
        self._clock = clock
        self._started = self._reported = clock()
        self._done = 0
        self._is_forecast = False

    def advance(self, texts: int) -> None:
        """Count finished texts, and log if a report is due."""
        self._done += texts
        now = self._clock()
        per_second = self._done / max(now - self._started, 1e-9)
        left = max(self._new - self._done, 0) / per_second if self._done else 0.0
        if not self._is_forecast and self._done >= min(SAMPLE_TEXTS, self._new):
            self._is_forecast = True
            log.info(
                "%d new texts to embed, %d cached: %.1f texts/s, about %.1f minutes",
                self._new,
                self._cached,
                per_second,
                (now - self._started + left) / 60,
            )
        elif now - self._reported >= REPORT_EVERY_SECONDS:
            log.info(
                "embedded %d of %d texts: %.1f texts/s, %.0f s left",
                self._done,
                self._new,
                per_second,
                left,
            )
        else:
            return
        self._reported = now
