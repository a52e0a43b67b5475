"""A source of one column, what of it is in the history, and which windows have landed."""

from integration.warehouse import make_spec

DAY = "2026-01-10"
FIRST, SECOND, THIRD = "2026-02-01T02:00", "2026-02-02T02:00", "2026-02-03T02:00"
NARROW = "customer_id bigint, updated_at timestamptz, value {}"


def narrow_spec(kind="numeric", **changes):
    """A spec of one column."""
    return make_spec(**{"features": {"value": kind}, "labels": []} | changes)


def versions(laboratory, *columns, where="true"):
    """Customers with some columns of their versions, oldest first."""
    names = ", ".join(("customer_id", *columns))
    query = f"select {names} from kindred.customer_versions where {where} order by 1, updated_at"  # noqa: S608
    return laboratory.query(query)


def windows(laboratory):
    return laboratory.query(
        "select window_start::text, window_end from kindred.extracted_windows order by window_end"
    )
