"""Run work on several threads, in pieces; the pieces do not affect results."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import faiss

from kindred.run.threads import one_library_thread

Progress = Callable[[int, int], None]
"""Called in the calling thread with the numbers of finished and of all rows."""


def in_threads(
    work: Callable[[int, int], None],
    pieces: list[tuple[int, int]],
    threads: int,
    progress: Progress | None = None,
) -> None:
    """Call ``work(start, stop)`` for every piece; stop at the first error.

    Uses Python threads, because numba's cannot be used by several tasks of one process or after a
    fork, and compiled functions release the GIL anyway. Libraries are limited to the calling
    thread: on a busy machine, their own threads mostly wait for each other.
    """
    total = sum(stop - start for start, stop in pieces)
    done = 0
    # Inside the threads of the pool, where OpenMP's limit of the calling thread does not hold.
    pools = ThreadPoolExecutor(
        max(1, threads), initializer=faiss.omp_set_num_threads, initargs=(1,)
    )
    with one_library_thread(), pools as pool:
        calls = [pool.submit(work, start, stop) for start, stop in pieces]
        try:
            for (start, stop), call in zip(pieces, calls, strict=True):
                call.result()
                done += stop - start
                if progress is not None:
                    progress(done, total)
        finally:
            for call in calls:
                call.cancel()


def cut(count: int, size: int) -> list[tuple[int, int]]:
    """Cut a range into pieces of at most ``size``: (0, size), (size, 2 * size), ..."""
    return [(start, min(start + size, count)) for start in range(0, count, size)]
