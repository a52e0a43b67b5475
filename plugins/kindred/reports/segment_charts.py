"""Charts of segments: their sizes, how they change, what they buy."""

from collections.abc import Sequence

import numpy as np

from kindred.reports.bars_and_lines import bars, line
from kindred.reports.chart import Chart, Listing, Table
from kindred.reports.figures import FEWEST_OF_A_TRAIT, Segmentation, Snapshot, Trait
from kindred.reports.vega import (
    COLOURS,
    SMALLER,
    colours_of,
)
from kindred.reports.wording import (
    before,
    count,
    days,
    decimal,
    decimals_beside,
    decimals_of,
    interval,
    several,
    share,
    shown,
)


def colour_of(segmentation: Segmentation) -> dict[int, str]:
    """Cluster id -> the colour of the segment, in all charts; the smaller ones share one.

    It is that of the id, from night to night. None has that of customers in no segment.
    """
    ids = [one.cluster_id for one in segmentation.segments]
    return dict.fromkeys(ids, SMALLER) | colours_of(ids[: len(COLOURS)])


def title_of(segmentation: Segmentation, cluster_id: int) -> str:
    """How a segment is called: number and name."""
    return f"{cluster_id} · {segmentation.names.get(cluster_id, 'segment')}"


def estimates(trait: Trait, decimals: int | None = None) -> tuple[str, str]:
    """The mean or share of a segment with its interval, and everybody's in the same decimals."""
    if trait.kind == "date":
        return _date(trait.estimate), _date(trait.everyone)
    if decimals is None:
        decimals = decimals_of([(trait.estimate, trait.low, trait.high)], is_share=trait.is_share)
        decimals = decimals_beside(decimals, trait.everyone, is_share=trait.is_share)
    is_share = trait.is_share
    return (
        interval(trait.estimate, trait.low, trait.high, is_share=is_share, decimals=decimals),
        decimal(trait.everyone, decimals, is_share=is_share),
    )


def _date(day: float | None) -> str:
    return "unknown" if day is None else date_of(day)


def date_of(day: float) -> str:
    """Days since 1970-01-01 as a date."""
    return str(np.datetime64(0, "D") + int(day))


def sizes(segmentation: Segmentation) -> list[Chart]:
    """How large the segments are."""
    segments = segmentation.segments
    if not segments:
        return []
    colours = colour_of(segmentation)
    rest = segmentation.count - len(segments)
    rows = [
        {
            "name": title_of(segmentation, one.cluster_id),
            "value": one.share,
            "colour": colours[one.cluster_id],
        }
        for one in segments
    ]
    largest = segments[0]
    more = f"; the {rest:,} smaller ones are not shown" if rest else ""
    return [
        Chart(
            f"{several(segmentation.count, 'segment')}; the largest has"
            f" {share(largest.share, 0)} of the customers",
            f"Customers of each segment, as a share of all{more}. The number stays with a segment"
            " from night to night, and so does the name.",
            Table(
                ("segment", "customers", "share"),
                tuple(
                    (
                        shown(title_of(segmentation, one.cluster_id)),
                        count(one.customers),
                        share(one.share),
                    )
                    for one in segments
                ),
            ),
            lambda frame: bars(frame, rows, "share of the customers", is_share=True),
        )
    ]


def stability(segmentation: Segmentation, nights: Sequence[Snapshot]) -> list[Chart]:
    """How much the segments stay the same from night to night."""
    moments = dict(zip([n.as_of for n in nights], days([n.as_of for n in nights]), strict=True))
    known = [one for one in reversed(segmentation.quality) if one.stability is not None]
    if not known or known[-1].as_of != nights[0].as_of:
        return []  # nothing is known of the snapshot itself, as after a backfill of earlier dates
    rows = [{"night": moments[one.as_of], "value": one.stability} for one in known]
    since = before(known[-1].previous_as_of, known[-1].as_of)
    last = known[-1].stability or 0.0
    exactly, well, little = (
        0.9995,
        0.9,
        0.6,
    )  # readings of the adjusted Rand index; chance gives 0, equality 1
    word = "nearly those" if last >= well else "like those" if last >= little else "unlike those"
    if last >= exactly:
        word = "those"
    return [
        Chart(
            f"The segments are {word} of {since}: stability {last:.2f}",
            "Adjusted Rand index with the snapshot before: 1 means the same segments, 0 what chance"
            " gives.",
            Table(
                (
                    "snapshot",
                    "stability",
                    "customers in both",
                    "silhouette",
                    "segments",
                    "in no segment",
                ),
                tuple(
                    (
                        moments[one.as_of],
                        decimal(one.stability, 2),
                        count(one.stability_customers),
                        decimal(one.silhouette, 2),
                        count(one.clusters),
                        share(one.noise_share),
                    )
                    for one in known
                ),
            ),
            lambda frame: line(frame, rows, "adjusted Rand index", least=1.0),
        )
    ]


def items(segmentation: Segmentation) -> list[Listing]:
    """The items that are most telling of each segment."""
    few = {one.cluster_id for one in segmentation.segments if one.customers < FEWEST_OF_A_TRAIT}
    found = [one for one in segmentation.items if one.cluster_id not in few]
    if not found:
        return []
    return [
        Listing(
            "What segments buy more often than everybody",
            "The items with the highest lower end of their lift; lift is the share of owners in the"
            " segment over everybody's.",
            Table(
                ("segment", "item", "in the segment", "everybody", "lift"),
                tuple(
                    (
                        shown(title_of(segmentation, one.cluster_id)),
                        shown(one.item),
                        share(one.share),
                        share(one.everyone_share),
                        interval(one.lift, one.low, one.high),
                    )
                    for one in found
                ),
            ),
            is_wide=True,
        )
    ]
