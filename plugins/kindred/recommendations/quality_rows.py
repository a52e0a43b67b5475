"""Rows of ``recommendation_quality``: what was measured of an encoder version, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extras import Json

from kindred.errors import DataError
from kindred.recommendations.parameters import Parameters
from kindred.recommendations.quality import NEIGHBOURS, MethodQuality, Quality
from kindred.warehouse.database import Database


@dataclass(frozen=True)
class Measured:
    """Which measurement: of an encoder version, with some settings of the recommendations."""

    encoder_version: int
    settings_hash: str

    @property
    def _key(self) -> dict[str, Any]:
        return {"encoder_version": self.encoder_version, "settings_hash": self.settings_hash}

    def find(self, database: Database) -> tuple[str, Parameters] | None:
        """The published method and the neighbours' parameters; None if it was not measured yet."""
        row = database.row("recommendations/published_method", self._key)
        return None if row is None else (str(row[0]), Parameters(*row[1:]))

    def read(self, database: Database) -> tuple[str, Parameters]:
        """The same.

        Raises
        ------
        DataError
            when it was not measured.
        """
        found = self.find(database)
        if found is None:
            raise DataError(
                f"the recommendations of encoder {self.encoder_version} have not been measured;"
                " clear task 'measure_recommendations' with its downstream tasks"
            )
        return found

    def insert(
        self, database: Database, item_names: Sequence[str], methods: Sequence[dict[str, Any]]
    ) -> None:
        """Record what `rows_of` or `rows_without` returns, unless another run was first."""
        given = {**self._key, "item_names": list(item_names), "methods": Json(list(methods))}
        with database.transaction():
            database.run("recommendations/insert_quality", given)


def rows_of(quality: Quality, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """One row per measured method."""
    common = {
        "test_start": start.isoformat(),
        "test_end": end.isoformat(),
        "similar_by": quality.similar_by,
        "unmeasured": quality.unmeasured,
        "listable_share": quality.listable_share,
        "left_out": quality.left_out,
    }
    return [
        {
            **common,
            **_figures(measured),
            "is_published": measured.method == quality.published,
            "reason": quality.reason if measured.method == quality.published else None,
            **(_chosen(quality.parameters) if measured.method == NEIGHBOURS else {}),
        }
        for measured in quality.methods
    ]


def rows_without(
    reason: str, parameters: Parameters, count: int, end: datetime, published: str = NEIGHBOURS
) -> list[dict[str, Any]]:
    """The rows without a measurement: of the neighbours' lists, and of what is published instead.

    ``published``: the method of the lists, the most popular items where no neighbours are found.
    """
    common = {"test_end": end.isoformat(), "k": count, "reason": reason}
    return [
        {
            **common,
            "method": method,
            "is_published": method == published,
            **(_chosen(parameters) if method == NEIGHBOURS else {}),
        }
        for method in dict.fromkeys((NEIGHBOURS, published))
    ]


def _figures(measured: MethodQuality) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "method": measured.method,
        "k": measured.k,
        "customers": measured.customers,
        "coverage": measured.coverage,
    }
    for name in ("recall", "ndcg", "hit_rate"):
        found = getattr(measured, name)
        figures |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
    return figures


def _chosen(parameters: Parameters) -> dict[str, Any]:
    return {
        "neighbours": parameters.neighbours,
        "sharpness": parameters.sharpness,
        "lift_share": parameters.lift_share,
    }
