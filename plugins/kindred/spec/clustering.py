"""The segments to compute: the algorithms and their settings."""

from enum import StrEnum
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from kindred.spec.features import Strict


class Algorithm(StrEnum):
    """The algorithms that find segments."""

    KMEANS = "kmeans"
    HDBSCAN = "hdbscan"
    DBSCAN = "dbscan"
    IVFFLAT = "ivfflat"
    PLPYTHON = "plpython"

    @property
    def is_density(self) -> bool:
        """Whether the algorithm is density-based, and so needs the neighbour graph."""
        return self in (Algorithm.HDBSCAN, Algorithm.DBSCAN)


def _auto_too(schema: dict[str, Any]) -> None:
    schema["anyOf"].append({"const": "auto"})


class KMeansSettings(Strict):
    """Settings of the ``kmeans`` algorithm; ``k`` is None for ``auto``."""

    k: int | None = Field(
        default=8,
        ge=1,
        le=10_000,
        description="Segments; `auto` chooses their number from `k_min` to `k_max`.",
        examples=["auto"],
        json_schema_extra=_auto_too,
    )
    k_min: int = Field(
        default=2, ge=2, le=200, description="The fewest segments of `k: auto`.", examples=[4]
    )
    k_max: int = Field(
        default=20, ge=2, le=200, description="The most segments of `k: auto`.", examples=[12]
    )

    @field_validator("k", mode="before")
    @classmethod
    def _auto(cls, value: object) -> object:
        return None if value == "auto" else value

    @model_validator(mode="after")
    def _range_rises(self) -> Self:
        if self.k_min > self.k_max:
            raise ValueError(f"k_min {self.k_min} is above k_max {self.k_max}; exchange them")
        return self


class HdbscanSettings(Strict):
    """Settings of the ``hdbscan`` algorithm."""

    min_cluster_size: int = Field(
        default=100, ge=2, description="Customers of the smallest segment.", examples=[50]
    )
    min_samples: int = Field(
        default=10,
        ge=1,
        le=200,
        description="Neighbours by which density is measured: more of them, and more noise.",
        examples=[5],
    )
    exact_limit: int = Field(
        default=20_000,
        ge=2,
        description="Customers up to which the `hdbscan` library does everything; above, the"
        " neighbour graph is used.",
        examples=[50_000],
    )


class DbscanSettings(Strict):
    """Settings of the ``dbscan`` algorithm."""

    eps: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="The distance up to which customers are neighbours. Without it: chosen from the"
        " data.",
        examples=[0.5],
    )
    min_samples: int = Field(
        default=10,
        ge=2,
        le=200,
        description="Neighbours, itself included, that make a customer the core of a segment.",
        examples=[5],
    )


class PlpythonSettings(Strict):
    """Settings of the ``plpython`` algorithm: k-means inside the database."""

    k: int = Field(default=8, ge=1, le=10_000, description="Segments.", examples=[12])
    memory_mb: int = Field(
        default=2048, ge=1, description="Memory that one backend may use, in MB.", examples=[4096]
    )


class Clustering(Strict):
    """The segments to compute."""

    algorithms: tuple[Algorithm, ...] = Field(
        default=(Algorithm.KMEANS, Algorithm.HDBSCAN),
        min_length=1,
        description="The algorithms that find segments, each on its own. `ivfflat` takes the lists"
        " of the index; `plpython` runs inside the database.",
        examples=[["kmeans", "dbscan"]],
        json_schema_extra={"uniqueItems": True},
    )
    kmeans: KMeansSettings = Field(default=KMeansSettings(), description="Settings of `kmeans`.")
    hdbscan: HdbscanSettings = Field(
        default=HdbscanSettings(), description="Settings of `hdbscan`."
    )
    dbscan: DbscanSettings = Field(default=DbscanSettings(), description="Settings of `dbscan`.")
    plpython: PlpythonSettings = Field(
        default=PlpythonSettings(), description="Settings of `plpython`."
    )

    @field_validator("algorithms")
    @classmethod
    def _each_once(cls, found: tuple[Algorithm, ...]) -> tuple[Algorithm, ...]:
        twice = [name for place, name in enumerate(found) if name in found[:place]]
        if twice:
            raise ValueError(f"found {twice[0]} twice; each is allowed once: take one out")
        return found

    @property
    def offered(self) -> tuple[Algorithm, ...]:
        """The algorithms a run may ask for.

        ``ivfflat`` only if the spec lists it: only then does the DAG wait for the index.
        """
        return tuple(a for a in Algorithm if a is not Algorithm.IVFFLAT or a in self.algorithms)


# What JSON schema can say of the rule that density needs a distance.
NO_DENSITY_BY_INNER_PRODUCT: dict[str, Any] = {
    "if": {"properties": {"metric": {"const": "ip"}}, "required": ["metric"]},
    "then": {
        "properties": {
            "clustering": {
                "properties": {
                    "algorithms": {"items": {"enum": [a for a in Algorithm if not a.is_density]}}
                },
                "required": ["algorithms"],
            }
        },
        "required": ["clustering"],
    },
}
