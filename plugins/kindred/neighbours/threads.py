"""Run work on several threads, in pieces; the pieces do not affect results."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import faiss

from kindred.progress.steps import step
from kindred.run.threads import one_library_thread


def in_threads(
    work: Callable[[int, int], None],
    pieces: list[tuple[int, int]],
    threads: int,
    what: str = "",
    unit: str = "rows",
) -> None:
    """Call ``work(start, stop)`` for every piece; stop at the first error.

    ``what`` and ``unit`` are what the progress calls the work (by default as the function that
    defines it) and what it counts.

    Uses Python threads, because numba's cannot be used by several tasks of one process or after a
    fork, and compiled functions release the GIL anyway. Libraries are limited to the calling
    thread: on a busy machine, their own threads mostly wait for each other.
    """
    total = sum(stop - start for start, stop in pieces)
    what = what or work.__qualname__.partition(".<locals>")[0]
    if len(pieces) == 1:  # as in every small space: to start a thread takes longer than the work
        with one_library_thread(), step(what, total, unit) as counted:
            work(*pieces[0])
            counted.advance(total)
        return
    # Inside the threads of the pool, where OpenMP's limit of the calling thread does not hold.
    pools = ThreadPoolExecutor(
        max(1, threads), initializer=faiss.omp_set_num_threads, initargs=(1,)
    )
    with one_library_thread(), step(what, total, unit) as counted, pools as pool:

        def call_and_count(start: int, stop: int) -> None:
            work(start, stop)
            counted.advance(stop - start)

        calls = [pool.submit(call_and_count, start, stop) for start, stop in pieces]
        try:
            for call in calls:
                call.result()
        finally:
            for call in calls:
                call.cancel()


def cut(count: int, size: int) -> list[tuple[int, int]]:
    """Cut a range into pieces of at most ``size``: (0, size), (size, 2 * size), ..."""
    return [(start, min(start + size, count)) for start in range(0, count, size)]
