"""Tables at the terminal: whatever the ids, each column is there, and all of each cell."""

import re

import pytest
from rich.console import Console

from kindred import report_commands
from kindred.spec.names import plain
from unit.reports.report_cases import HOSTILE

LOOKALIKES = ("rank", "lookalike", "distance", "similarity")
REASONS = ("column", "share of the distance", "customer", "lookalike")
IDS = ("7", "c-" + "0123456789" * 25, "\u202e" * 40 + "x", "word " * 40, *HOSTILE)


def printed(monkeypatch, width, columns, rows):
    console = Console(width=width, emoji=False, color_system=None)
    monkeypatch.setattr(report_commands, "console", console)
    with console.capture() as capture:
        report_commands._print_table(columns, rows)
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("customer", IDS)
def test_no_column_of_lookalikes_is_lost_to_a_long_id(monkeypatch, width, customer):
    rows = [(1, customer, 0.25, 0.8), (2, "b", 0.3125, 0.76)]
    lines = printed(monkeypatch, width, LOOKALIKES, rows)
    assert lines[0].split() == [*LOOKALIKES]
    assert max(map(len, lines)) <= width
    for figure in ("0.2500", "0.8000", "0.3125", "0.7600"):
        assert figure in "\n".join(lines), "never cut"
    start, stop = (lines[0].index(name) for name in ("lookalike", "distance"))
    ids = "".join(line[start:stop] for line in lines[1:])
    assert re.sub(r"\s", "", ids) == re.sub(r"\s", "", f"{plain(customer)}b")


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("text", IDS)
def test_no_column_of_the_reasons_is_lost_to_a_long_name_or_value(monkeypatch, width, text):
    rows = [(text, "12.5%", text, text), ("age", "87.5%", "40", "41")]
    lines = printed(monkeypatch, width, REASONS, rows)
    assert max(map(len, lines)) <= width
    whole = "\n".join(lines)
    assert whole.count("customer") == 1
    for word in ("column", "share", "distance", "lookalike", "12.5%", "87.5%", "40", "41"):
        assert word in whole, word
