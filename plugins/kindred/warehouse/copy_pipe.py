"""Rows from one database into another by COPY, without a file in between."""

import os
import threading
from collections.abc import Callable

import psycopg2

from kindred.warehouse.database import Readable, Writable


def pipe(send: Callable[[Writable], int], receive: Callable[[Readable], int]) -> int:
    """Connect two COPYs without a file in between: one database sends, another receives.

    Returns the receiver's count; the sender's error comes first.
    """
    read_end, write_end = os.pipe()
    failure: list[BaseException] = []

    def sender() -> None:
        try:
            with os.fdopen(write_end, "wb") as sink:
                send(sink)
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=sender, name="copy-out", daemon=True)
    thread.start()
    count = 0
    try:
        with os.fdopen(read_end, "rb") as stream:
            count = receive(stream)
    except psycopg2.Error:
        thread.join()
        if not failure or isinstance(failure[0], BrokenPipeError):
            raise
    thread.join()
    if failure:
        raise failure[0]
    return count
