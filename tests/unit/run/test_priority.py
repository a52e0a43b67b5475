"""A task that gives way: its threads do, and what started it does not."""

import os
from concurrent.futures import ThreadPoolExecutor

from kindred.run.priority import NICENESS, give_way


def niceness():
    return os.getpriority(os.PRIO_PROCESS, 0)


def given_way():
    give_way()
    with ThreadPoolExecutor(1) as pool:
        of_thread = pool.submit(niceness).result()
    before = niceness()
    give_way()
    return before, of_thread, niceness()


def test_a_thread_gives_way_with_those_it_starts_and_alone():
    before = niceness()
    with ThreadPoolExecutor(1) as pool:
        given = max(NICENESS, before)
        assert pool.submit(given_way).result() == (given, given, given)
    assert niceness() == before


def test_who_is_nicer_already_stays_so():
    def nicer():
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS + 5)
        give_way()
        return niceness()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(nicer).result() == NICENESS + 5
