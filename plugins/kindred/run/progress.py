"""Log the progress of long work."""

import logging
import time
from collections.abc import Callable

REPORT_EVERY_SECONDS = 10.0


class Progress:
    """Called with the rows done and the total; logs the progress every ten seconds."""

    def __init__(
        self, log: logging.Logger, work: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._work = work
        self._clock = clock
        self._started = self._reported = clock()

    def __call__(self, done: int, total: int) -> None:
        """Report that ``done`` of ``total`` rows are done."""
        now = self._clock()
        if now - self._reported < REPORT_EVERY_SECONDS or not done:
            return
        self._reported = now
        per_second = done / max(now - self._started, 1e-9)
        self._log.info(
            "%s: %d of %d rows, %.0f rows/s, %.0f s left",
            self._work,
            done,
            total,
            per_second,
            (total - done) / per_second,
        )
