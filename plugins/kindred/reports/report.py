"""Read all figures of a snapshot, and make the report of them."""

from datetime import datetime

from kindred.reports import figure_rows
from kindred.reports.document import document
from kindred.reports.figures import Scope, Segmentation
from kindred.reports.figures_of_lists import Example
from kindred.reports.sections import Figures, sections_of
from kindred.reports.segment_charts import title_of
from kindred.reports.wording import count, moment, several
from kindred.warehouse.database import Database

MOST_EXAMPLES = 3
MOST_MOVES = 8


def read_figures(
    database: Database,
    space: str,
    bi: str,
    as_of: datetime | None = None,
    *,
    has_examples: bool = False,
) -> Figures:
    """All figures of a published snapshot, by default the current one, of one moment.

    ``has_examples``: also single customers, typical ones of the largest segments.

    Raises
    ------
    DataError
        when there is no such snapshot.
    """
    with database.repeatable_read():
        scope = figure_rows.find_scope(database, bi, as_of)
        segmentations = figure_rows.read_segments(database, scope)
        mapped = main_algorithm(segmentations)
        clusters = [] if mapped is None else mapped.segments
        return Figures(
            space,
            figure_rows.read_night(database, scope),
            segmentations,
            moves={
                one.algorithm: figure_rows.read_moves(
                    database, scope, one.algorithm, most=MOST_MOVES
                )
                for one in segmentations
            },
            customer_map=figure_rows.read_map(
                database,
                scope,
                None if mapped is None else mapped.algorithm,
                [one.cluster_id for one in clusters],
            ),
            mapped=None if mapped is None else mapped.algorithm,
            distances=figure_rows.read_lookalikes(database, scope),
            index=figure_rows.read_index(database, scope),
            audiences=figure_rows.read_audiences(database, scope),
            recommendations=figure_rows.read_recommendations(database, scope),
            examples=_examples(database, scope, mapped) if has_examples else (),
        )


def main_algorithm(segmentations: tuple[Segmentation, ...]) -> Segmentation | None:
    """The one that the map is coloured by: few segments that most customers are in, well apart."""
    return max(segmentations, key=_suits_a_map, default=None)


def _suits_a_map(segmentation: Segmentation) -> tuple[bool, float, float, str]:
    noise, silhouette = 1.0, None
    if segmentation.quality:
        newest = segmentation.quality[0]
        noise, silhouette = newest.noise_share, newest.silhouette
    return suits_a_map(segmentation.algorithm, segmentation.count, noise, silhouette)


def suits_a_map(
    algorithm: str, clusters: int, noise_share: float, silhouette: float | None
) -> tuple[bool, float, float, str]:
    """How well the segments of an algorithm suit a map: the largest is the main algorithm's."""
    is_few = 1 < clusters <= figure_rows.MOST_SEGMENTS
    return is_few, -noise_share, silhouette or -1.0, algorithm


def _examples(
    database: Database, scope: Scope, segmentation: Segmentation | None
) -> tuple[Example, ...]:
    """The customers nearest to the means of the largest segments."""
    if segmentation is None:
        return ()
    typical = [one for one in segmentation.segments if one.medoid_id is not None]
    return tuple(
        figure_rows.read_example(
            database,
            scope,
            str(one.medoid_id),
            title=f"typical of {title_of(segmentation, one.cluster_id)}",
        )
        for one in typical[:MOST_EXAMPLES]
    )


def report_html(figures: Figures) -> str:
    """The report of a snapshot, as one file."""
    scope = figures.night.scope
    snapshot = scope.snapshot
    state = "current snapshot" if snapshot.is_current else "snapshot"
    release = f" by Kindred {snapshot.release}" if snapshot.release else ""
    published = (
        ""
        if snapshot.published_at is None
        else (f", published {moment(snapshot.published_at)}{release}")
    )
    of_examples = " It shows single customers." if figures.examples else ""
    return document(
        f"Kindred report: {figures.space}, {moment(snapshot.as_of)}",
        f"The {state} of space {figures.space}: {count(snapshot.customers)} customers as known"
        f" before {moment(snapshot.as_of)} UTC{published}.",
        sections_of(figures),
        f"Made from schema {scope.bi}, of {several(len(scope.nights), 'kept night')}. Intervals are"
        f" of 95 %, times in UTC.{of_examples}",
    )
