"""Ctrl-C, a closed terminal and SIGTERM all end a run in the same orderly way."""

import signal
import sys
from types import FrameType

from local.failures import InterruptedRunError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Raises an InterruptedRunError on the first signal; later signals do not disturb shutdown."""

    def __init__(self) -> None:
        self._is_shielded = False

    def install(self) -> None:
        """Install the handlers; a signal that the caller ignores (nohup) stays ignored.

        Except Ctrl-C, which a shell script ignores for processes it starts with ``&``.
        """
        for number in _SIGNALS:
            if number is signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._receive)

    def shield(self) -> None:
        """From now on a signal only prints a line of text."""
        self._is_shielded = True

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self._is_shielded:
            # Not through the console: the signal may have interrupted its printing.
            sys.stderr.write("still stopping, please wait a moment\n")
            return
        self._is_shielded = True
        raise InterruptedRunError(signal.Signals(number).name)
