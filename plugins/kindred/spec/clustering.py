"""The segments to compute: the algorithms and their settings."""

from enum import StrEnum
from typing import Annotated, Self

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


class KMeansSettings(Strict):
    """Settings of the ``kmeans`` algorithm.

    ``k: auto``, None here, chooses the number of clusters from ``k_min`` to ``k_max``.
    """

    k: Annotated[int, Field(ge=1, le=10_000)] | None = 8
    k_min: Annotated[int, Field(ge=2, le=200)] = 2
    k_max: Annotated[int, Field(ge=2, le=200)] = 20

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
    """Settings of the ``hdbscan`` algorithm; ``exact_limit`` is in customers."""

    min_cluster_size: Annotated[int, Field(ge=2)] = 100
    min_samples: Annotated[int, Field(ge=1, le=200)] = 10
    exact_limit: Annotated[int, Field(ge=2)] = 20_000


class DbscanSettings(Strict):
    """Settings of the ``dbscan`` algorithm; by default ``eps`` is chosen from the data."""

    eps: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    min_samples: Annotated[int, Field(ge=2, le=200)] = 10


class PlpythonSettings(Strict):
    """Settings of the ``plpython`` algorithm; ``memory_mb`` limits the memory of one backend."""

    k: Annotated[int, Field(ge=1, le=10_000)] = 8
    memory_mb: Annotated[int, Field(ge=1)] = 2048


class Clustering(Strict):
    """The segments to compute."""

    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = (
        Algorithm.KMEANS,
        Algorithm.HDBSCAN,
    )
    kmeans: KMeansSettings = KMeansSettings()
    hdbscan: HdbscanSettings = HdbscanSettings()
    dbscan: DbscanSettings = DbscanSettings()
    plpython: PlpythonSettings = PlpythonSettings()

    @property
    def offered(self) -> tuple[Algorithm, ...]:
        """The algorithms a run may ask for.

        ``ivfflat`` only if the spec lists it: only then does the DAG wait for the index.
        """
        return tuple(a for a in Algorithm if a is not Algorithm.IVFFLAT or a in self.algorithms)
