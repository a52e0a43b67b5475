"""Audience files for whole nights, two of which cannot be made, and what readers see of them."""

from psycopg2 import sql

from integration.audiences.audience_scene import (
    BY_LABEL,
    BY_QUERY,
    RESPONDED,
    customers,
    scene_spec,
)

SPEC = scene_spec()
OPTED_OUT = "select customer_id from opt_outs where :as_of > '2026-01-01'"
LITERAL = 7731558
"""An id that stands in the SQL of the files."""
BUT = f"customer_id <> {LITERAL}"
MISTAKEN = f'select customer_id from customers where :as_of > "x{LITERAL}"'  # noqa: S608
NOWHERE = f"select customer_id from nowhere where at < :as_of and {BUT}"  # noqa: S608
FILES = {
    "buyers": {**BY_LABEL, "exclude": {"query": OPTED_OUT}, "control_share": "20%"},
    "responders": {
        **BY_QUERY,
        "seed": {"query": f"{RESPONDED} and {BUT}; -- that is all"},
        "control_share": "0.01%",
    },
    "broken": {"seed": {"query": NOWHERE}},
    "literal": {"seed": {"query": MISTAKEN}},
}
VIEWS = ("audiences", "audience_members", "audience_quality", "audience_overlap")
PARTITIONS = (
    "select inhrelid from pg_inherits where inhparent = 'kindred.audience_members'::regclass"
)
MEMBERS = "select audience, customer_id, rank, role from bi.audience_members_current order by 1, 3"
BUYERS = {row[0] for row in customers() if row[-1] == "yes"}


def named(text, *names):
    return sql.SQL(text).format(*map(sql.Identifier, names))
