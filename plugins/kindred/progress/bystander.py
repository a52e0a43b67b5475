"""A process that reports work during which no other thread of this one can run.

Some libraries never let go of the interpreter: while their C code runs, a thread of ours that
wants to log has to wait until it is done.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Ends when its standard input does: with the block, or with the process that has started it.
SCRIPT = """
import select, sys, time
what, pause = sys.argv[1], float(sys.argv[2])
began = time.monotonic()
while not select.select([sys.stdin], [], [], pause)[0]:
    print(f"{what}: {time.monotonic() - began:.0f} s so far", flush=True)
"""


@contextmanager
def bystander(what: str, descriptor: int, pause_seconds: float) -> Iterator[None]:
    """Write to a file descriptor, every few seconds, how long the block has taken so far.

    It costs about 15 ms and 9 MB.
    """
    command = [sys.executable, "-I", "-S", "-c", SCRIPT, what, str(pause_seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=descriptor) as process:
        try:
            yield
        finally:
            if process.stdin is not None:
                process.stdin.close()
