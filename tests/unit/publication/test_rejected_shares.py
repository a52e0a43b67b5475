"""The gate on rejected rows: a quiet night is no fault, a table that is bad is one."""

import pytest

from kindred.publication.gate import problems_of_figures
from unit.publication.test_public_recall import FACTS, SPEC

QUIET = FACTS | {"customers": 100, "rows_landed": 0}


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (QUIET | {"rows_rejected": 1}, None),
        (QUIET | {"rows_rejected": 3}, None),
        (QUIET | {"customers_rejected": 1, "customers": 4}, None),
        (QUIET | {"rows_rejected": 90}, "90 of 90 rows of the window were rejected, gates.max_rej"),
        (QUIET | {"rows_rejected": 3, "customers": 5}, "3 of 3 rows of the window were rejected"),
        (
            FACTS | {"rows_rejected": 9, "rows_undated": 9},
            "9 of 19 rows were rejected for want of a time, gates.max_rejected_share is 20.0%",
        ),
        (
            FACTS | {"customers_rejected": 60, "customers": 40},
            "60 of 100 customers were rejected with all their rows, gates.max_rejected_share is",
        ),
    ],
)
def test_shares_of_rejected_rows(facts, problem):
    found = problems_of_figures(SPEC, facts)
    assert len(found) == (problem is not None)
    assert all(text.startswith(problem) for text in found)
