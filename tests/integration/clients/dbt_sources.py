"""The file of dbt's sources, written from the comments of ``bi``."""

import yaml

KEY_COLUMNS = ("customer_id", "lookalike_id", "medoid_id")
"""Another type in each space, so none is written; in rejected rows the key is text."""
AS_TEXT = ("rejected_rows", "rejected_events")
HEADER = """\
# Written from the comments of the views: tests/integration/clients/test_dbt_package.py says how.
"""
COLUMNS = """
select relation.relname, obj_description(relation.oid, 'pg_class'), columns.attname,
  format_type(columns.atttypid, columns.atttypmod), col_description(relation.oid, columns.attnum)
from pg_class as relation
join pg_attribute as columns on columns.attrelid = relation.oid and columns.attnum > 0
where relation.relnamespace = 'bi'::regnamespace and relation.relkind = 'v'
order by relation.relname collate "C", columns.attnum
"""


def source_file(rows):
    """The text of ``models/sources.yml`` for the rows of ``COLUMNS``."""
    tables = {}
    for view, described, column, kind, comment in rows:
        table = tables.setdefault(view, {"name": view, "description": described, "columns": []})
        entry = {"name": column, "description": comment}
        if column not in KEY_COLUMNS or view in AS_TEXT:
            entry["data_type"] = kind
        table["columns"].append(entry)
    _add_checks(tables["snapshots"])
    source = {
        "name": "kindred",
        "description": "What Kindred publishes for BI: one complete snapshot at a time.",
        "schema": "{{ var('kindred_schema', 'bi') }}",
        "tables": list(tables.values()),
    }
    text = yaml.safe_dump(
        {"version": 2, "sources": [source]}, sort_keys=False, allow_unicode=True, width=10_000
    )
    return HEADER + text


def _add_checks(snapshots):
    """Only a publish is fresh; a failed run is not."""
    snapshots["config"] = {
        "loaded_at_field": "published_at",
        "freshness": {
            "warn_after": _hours("kindred_warn_after_hours"),
            "error_after": _hours("kindred_error_after_hours"),
        },
    }
    as_of = snapshots["columns"][0]
    assert as_of["name"] == "as_of"
    as_of["data_tests"] = ["unique", "not_null"]


def _hours(variable):
    return {"count": f"{{{{ var('{variable}') | as_number }}}}", "period": "hour"}
