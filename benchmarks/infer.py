"""A file that nobody has described: reading, inferring and loading it, as ``make run CSV=`` does.

A seeded file of n rows and 22 columns: a key, a time and a day, ten amounts (one with missing
values), three counts, categories of 50, 20 and 4 values, two flags, a name that is nearly unique, a
sentence, and an outcome. With n = 1,000,000 it has 150 MB. Each size is measured in a process of
its own:

- **read**: bytes to columns, each as its distinct texts with codes.
- **infer**: conventions, types, and the proposed spec.
- **load**: the typed columns into a new table of an embedded server, with its indexes.
- **load again**: the same rows where they are in place: a comparison that changes nothing.
- **bare**: the library alone, which has been told everything: ``pyarrow.csv.read_csv`` to strings.

On a machine that does other work, compare ``cpu s`` (of the process, all steps) with the sum, and
``bare`` with what it takes alone. The peak is the process's ``VmHWM``, including libraries; the
server's memory is not included. The first three together may take 20 s and 1,200 MB for a million
rows, and grow at most in proportion to the rows, with a tolerance of a quarter.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from benchmarks.processes import (
    Alone,
    embedded_server,
    measure_alone,
    new_database,
    postgres_version,
)
from benchmarks.report import Report, arguments, machine, timed
from kindred.infer.files import evidence_of, open_table
from kindred.infer.proposal import Roles
from kindred.infer.propose import propose_text
from kindred.infer.reading import Bounds
from local.tables import Column, SourceTable, load_table

SEED = 15
PARTS = 5  # how many times the smaller file fits into the larger one
MILLION = 1_000_000
MAX_SECONDS, MAX_MEGABYTES = 20.0, 1200.0  # for a million rows
ROLES = Roles("customer_id", "updated_at", ("churned",))
WHOLE = Bounds(2**40, must_be_whole=True)
_BLOCK_ROWS = 200_000
_WORDS = np.array(["the", "order", "was", "late", "again", "but", "support", "solved", "it"])


def write_file(path: Path, n: int) -> None:
    """Write the file of n rows."""
    random = np.random.default_rng(SEED)
    blocks = blocks_of(random, n)
    first = next(blocks)
    with arrow_csv.CSVWriter(str(path), first.schema) as writer:
        writer.write_batch(first)
        for block in blocks:
            writer.write_batch(block)


def blocks_of(random: np.random.Generator, n: int) -> Iterator[pa.RecordBatch]:
    """The rows of the file in blocks."""
    for start in range(0, n, _BLOCK_ROWS):
        rows = min(_BLOCK_ROWS, n - start)
        amounts = np.round(random.lognormal(3, 1, (9, rows)), 2)
        words = _WORDS[random.integers(0, len(_WORDS), (8, rows))]
        columns: dict[str, object] = {
            "customer_id": np.arange(start, start + rows) + MILLION,
            "updated_at": np.datetime64("2026-01-01T00:00:00")
            + random.integers(0, 10**7, rows).astype("timedelta64[s]"),
            "since": np.datetime64("2015-01-01") + random.integers(0, 4000, rows),
            **{f"amount_{number}": amounts[number] for number in range(9)},
            "score": pa.array(random.normal(0, 1, rows).round(3), mask=random.random(rows) < 0.1),
            **{f"visits_{number}": random.integers(0, 90, rows) for number in range(2)},
            "city": np.char.add("city ", random.integers(0, 50, rows).astype(str)),
            "region": np.char.add("region ", random.integers(0, 20, rows).astype(str)),
            "plan": np.array(["free", "basic", "plus", "pro"])[random.integers(0, 4, rows)],
            "subscribes": np.array(["yes", "no"])[random.integers(0, 2, rows)],
            "name": np.char.add("Name ", random.integers(0, MILLION, rows).astype(str)),
            "comment": pa.array(map(" ".join, zip(*words, strict=True)), pa.string()),
            "churned": random.integers(0, 2, rows),
        }
        yield pa.RecordBatch.from_pydict(
            {name: pa.array(values) for name, values in columns.items()}
        )


def read_infer_load(path: Path, dsn: str) -> dict[str, float]:
    """Seconds of each step."""
    read, table = timed(open_table, path, None, WHOLE)
    infer, evidence = timed(evidence_of, table, ROLES)
    del table
    proposed, _ = timed(propose_text, "public.made", path.name, ROLES, evidence, "made")
    columns = [Column(column.name, column.type, column.stored()) for column in evidence.columns]
    made = SourceTable("made", columns, ROLES.key, ROLES.updated_at)
    load, changed = timed(load_table, dsn, made)
    again, changed_again = timed(load_table, dsn, made)
    if not changed or changed_again:
        raise AssertionError("a new table was found in place, or an equal one was not")
    return {"read": read, "infer": infer + proposed, "load": load, "load again": again}


def read_bare(path: Path) -> int:
    """Read the file by the library alone."""
    options = arrow_csv.ConvertOptions(
        column_types={name: pa.string() for name in _header(path)}, strings_can_be_null=False
    )
    return int(arrow_csv.read_csv(path, convert_options=options).num_rows)


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as file:
        return [name.strip('"') for name in file.readline().strip().split(",")]


def main() -> int:
    n = arguments(__doc__, n=MILLION).n
    found: dict[int, Alone[dict[str, float]]] = {}
    with embedded_server() as server, tempfile.TemporaryDirectory() as folder:
        report = Report("infer", {"n": n})
        for rows in (n // PARTS, n):
            path = Path(folder) / f"made_{rows}.csv"
            write_file(path, rows)
            dsn = new_database(server, f"made_{rows}")
            report.machine = machine(postgres=postgres_version(dsn), pyarrow=pa.__version__)
            bare = measure_alone(read_bare, path)
            found[rows] = measure_alone(read_infer_load, path, dsn)
            report.measure(
                f"{rows:,} rows",
                megabytes=path.stat().st_size / 1e6,
                **{f"{step}_s": seconds for step, seconds in found[rows].result.items()},
                sum_s=total_seconds(found[rows]),
                cpu_s=found[rows].cpu_seconds,
                peak_mb=found[rows].peak_rss_mb,
                bare_s=bare.seconds,
                bare_mb=bare.peak_rss_mb,
            )
    scale = max(n / MILLION, 1)
    small, large = found[n // PARTS], found[n]
    report.at_most("seconds of read, infer, load", total_seconds(large), MAX_SECONDS * scale)
    report.at_most("peak MB", large.peak_rss_mb, MAX_MEGABYTES * scale)
    growth = total_seconds(large) / total_seconds(small)
    report.at_most(f"seconds of {PARTS} times the rows", growth, PARTS * 1.25)
    return report.finish()


def total_seconds(measured: Alone[dict[str, float]]) -> float:
    """Seconds from the file to the loaded table."""
    return sum(measured.result[step] for step in ("read", "infer", "load"))


if __name__ == "__main__":
    sys.exit(main())
