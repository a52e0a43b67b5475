"""Print audiences: one of them, all of a space, and what an export has done."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kindred.audiences.shown import Shown
from kindred.audiences.status import Status
from kindred.audiences.trained import Ranking

SHOWN_REASONS = 5
_COUNTS = (
    ("given", "seeds_given"),
    ("customers of the snapshot", "seeds_known"),
    ("excluded", "seeds_excluded"),
    ("used", "seeds_used"),
)


def print_audience(console: Console, shown: Shown, *, is_preview: bool) -> None:
    """Print what there is of one audience: its status, seeds, sizes, reasons and warnings."""
    row = shown.row
    what = "preview of audience" if is_preview else "audience"
    lines = [f"{what} {shown.name}, snapshot {shown.as_of.isoformat()}: {row['status']}"]
    if row["reason"]:
        lines.append(str(row["reason"]))
    counted = [f"{row[key]:,} {word}" for word, key in _COUNTS if row.get(key) is not None]
    if counted:
        lines.append(f"seeds: {', '.join(counted)}")
    if row["status"] == Status.PUBLISHED:
        asked = "" if row["contacted"] is None else f"; contacted: {row['contacted']:,}"
        lines.append(f"pool: {row['pool']:,} customers{asked}")
        lines.append(f"method: {row['method']}")
    _print(console, lines)
    if shown.tiers:
        console.print(_sizes(shown))
    if shown.reasons:
        named = ", ".join(f"{column} ({n:,})" for column, n in shown.reasons[:SHOWN_REASONS])
        _print(console, [f"what lifts the members most: {named}"])
    _print(console, [f"warning: {warning}" for warning in row["warnings"] or ()])
    if is_preview:
        _print(console, ["nothing was written: this was a preview"])


def _print(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _sizes(shown: Shown) -> Table:
    table = Table(
        "size", "members", "control", "score from", "seeds found", "lift", "lift by centroid"
    )
    quality = {(one["method"], one["size"]): one for one in shown.quality}
    for tier, cutoff in zip(shown.tiers, shown.row["cutoffs"], strict=True):
        found = quality.get((Ranking.PUBLISHED, tier.size), {})
        centroid = quality.get((Ranking.CENTROID, tier.size), {})
        table.add_row(
            f"{100 * tier.size:g}%",
            f"{tier.members:,}",
            f"{tier.control:,}",
            f"{cutoff:.4f}",
            _interval(found, "recall", percent=True),
            _interval(found, "lift"),
            _figure(centroid.get("lift")),
        )
    return table


def _interval(found: Mapping[str, Any], name: str, *, percent: bool = False) -> str:
    values = [found.get(key) for key in (name, f"{name}_low", f"{name}_high")]
    if None in values:
        return "unknown"
    value, low, high = (_figure(value, percent=percent) for value in values)
    return f"{value} ({low} to {high})"


def _figure(value: float | None, *, percent: bool = False) -> str:
    if value is None:
        return "unknown"
    return f"{100 * value:.1f}%" if percent else f"{value:.2f}"


def print_audiences(console: Console, found: Sequence[Any], space: str) -> None:
    """Print a table of all audiences: ``Listed`` each."""
    if not found:
        _print(
            console,
            [
                f"space {space} has no audiences: put a file into include/audiences"
                " (docs/audiences.md)"
            ],
        )
        return
    table = Table("audience", "file", "current snapshot", "members", "control", "method")
    for one in found:
        file = "gone" if one.file is None else one.file.problem or "read"
        row = {} if one.published is None else one.published.row
        tiers = () if one.published is None else one.published.tiers
        status = ": ".join(filter(None, (row.get("status"), row.get("reason"))))
        table.add_row(
            escape(one.name),
            escape(file),
            escape(status or "not in it yet"),
            f"{tiers[-1].members:,}" if tiers else "",
            f"{tiers[-1].control:,}" if tiers else "",
            escape(row.get("method") or ""),
        )
    console.print(table)


def export_lines(done: Any, request: Any) -> list[str]:
    """What ``kindred export-audience`` prints of an ``Exported``."""
    record, audience = done.record, done.audience
    what = "ids" if request.column is None else f"column {request.column}"
    hashed = "" if request.hashing == "none" else f", hashed by {request.hashing}"
    tier = f"{100 * request.tier:g}%"
    lines = [
        f"export {record.number}: audience {audience.name}, snapshot {audience.as_of.isoformat()},"
        f" tier {tier}: {done.lines:,} lines ({what}{hashed}) in {request.destination}",
        f"members {record.members:,}, control group of the tier {record.control:,} (left out),"
        f" erased or excluded since {record.left_out:,} (left out)",
    ]
    if done.lines < record.members:
        lines.append(f"{record.members - done.lines:,} members have no value in {what}")
    if done.guarded:
        lines.append(
            f"{done.guarded:,} values begin like a formula: they have an apostrophe in front"
        )
    if not record.control:
        lines.append(
            "warning: the control group is empty: nothing will show what this export achieves;"
            " raise control_share, or export a larger size"
        )
    if audience.settings.get("outcome") is None:
        kept = f"for {done.kept_days} days" if done.kept_days else "for ever"
        lines.append(
            "its file named no outcome: until it does, nothing is counted, and the customers of the"
            f" export are kept {kept} (KINDRED_KEEP_EXPORT_DAYS)"
        )
    if done.was_complete:
        lines.append("the file was there already, complete: that is recorded now")
    return lines
