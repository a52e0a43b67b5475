"""Which segments a night computes: the algorithms, and the settings of each."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Algorithm(StrEnum):
    """The ways to find segments."""

    KMEANS = "kmeans"
    HDBSCAN = "hdbscan"
    IVFFLAT = "ivfflat"
    PLPYTHON = "plpython"


class KMeansSettings(_Strict):
    """Settings of the ``kmeans`` algorithm."""

    k: Annotated[int, Field(ge=1, le=10_000)] = 8


class HdbscanSettings(_Strict):
    """Settings of the ``hdbscan`` algorithm; ``exact_limit`` is in customers."""

    min_cluster_size: Annotated[int, Field(ge=2)] = 100
    min_samples: Annotated[int, Field(ge=1, le=200)] = 10
    exact_limit: Annotated[int, Field(ge=2)] = 20_000


class PlpythonSettings(_Strict):
    """Settings of the ``plpython`` algorithm; ``memory_mb`` is what one backend may take."""

    k: Annotated[int, Field(ge=1, le=10_000)] = 8
    memory_mb: Annotated[int, Field(ge=1)] = 2048


class Clustering(_Strict):
    """Which segments a night computes."""

    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = (
        Algorithm.KMEANS,
        Algorithm.HDBSCAN,
    )
    kmeans: KMeansSettings = KMeansSettings()
    hdbscan: HdbscanSettings = HdbscanSettings()
    plpython: PlpythonSettings = PlpythonSettings()

    @property
    def offered(self) -> tuple[Algorithm, ...]:
        """What a run may be asked for; the DAG waits for the index only if the spec has ivfflat."""
        return tuple(a for a in Algorithm if a is not Algorithm.IVFFLAT or a in self.algorithms)


CLUSTERING_MODELS: dict[str, type[BaseModel]] = {
    "clustering": Clustering,
    "kmeans": KMeansSettings,
    "hdbscan": HdbscanSettings,
    "plpython": PlpythonSettings,
}
"""What stands under a key of a spec, by that key."""
