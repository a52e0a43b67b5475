"""The vectors that benchmarks of graphs, segments and indexes are measured on, by name."""

from benchmarks import mixed_customers as mixed
from benchmarks.customers import Vectors, make_customers

CUSTOMERS, MIXED = "customers", "mixed"
DATA = (CUSTOMERS, MIXED)


def make_vectors(data: str, n: int, d: int) -> Vectors:
    """Vectors of n customers: of ``d`` dimensions, or of a mixed table, about 100 whatever ``d``.

    Raises
    ------
    SystemExit
        There is no such data.
    """
    require_data(data)
    return mixed.make_vectors(n) if data == MIXED else make_customers(n, d)


def require_data(data: str) -> None:
    """Refuse a set that does not exist before anything is measured."""
    if data not in DATA:
        raise SystemExit(f"--data: found {data!r}, allowed are {' and '.join(DATA)}")


def report_name(benchmark: str, data: str) -> str:
    """The name of a report: another set writes another file."""
    require_data(data)
    return benchmark if data == CUSTOMERS else f"{benchmark}_{data}"
