"""Ctrl-C, a closed terminal and a polite kill all end a run in the same orderly way."""

import signal
import sys
from types import FrameType

from local.failures import InterruptedRunError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns the first signal into an InterruptedRunError and lets nothing disturb the stopping."""

    def __init__(self) -> None:
        self._is_shielded = False

    def install(self) -> None:
        """Take the signals over; one that the caller had ignored (nohup) stays ignored.

        Only Ctrl-C is taken back: a shell script ignores it for what it starts with ``&``.
        """
        for number in _SIGNALS:
            if number is signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._receive)

    def shield(self) -> None:
        """From now on signals are answered with a line of text and nothing else."""
        self._is_shielded = True

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self._is_shielded:
            # No console here: the signal may have come in the middle of its printing.
            sys.stderr.write("still stopping what was started, a moment please\n")
            return
        self._is_shielded = True
        raise InterruptedRunError(signal.Signals(number).name)
