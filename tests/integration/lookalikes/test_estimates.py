"""What the planner's estimates say of lists that no reader sees."""

from integration.bi_login import LOGIN, cursor_of, login_of
from integration.warehouse import COLUMNS, make_spec, people

BY_ALL = "customer_lookalikes"


def expected(part):
    """Rows that the planner expects of scans of lookalikes by all columns."""
    found = [part["Plan Rows"]] if part.get("Relation Name", "").startswith(BY_ALL) else []
    return found + [rows for below in part.get("Plans", ()) for rows in expected(below)]


def test_the_planner_expects_as_many_lists_of_every_customer(laboratory, server):
    laboratory.fill("customers", COLUMNS, people(60))
    small = {"algorithms": ["kmeans"], "kmeans": {"k": 2}}
    laboratory.run(make_spec(clustering=small, private=["income"]), "2026-02-01T02:00")
    login_of(server, laboratory)
    with cursor_of(laboratory, LOGIN) as cursor:
        found = set()
        for customer in range(1, 61):
            cursor.execute(
                "explain (format json) select * from bi.lookalikes where lookalike_id = %s",
                [customer],
            )
            [([plan],)] = cursor.fetchall()
            found.add(tuple(expected(plan["Plan"])))
    assert len(found) == 1
    assert found != {()}, "the plan has such scans"
