"""The map: how faithful it is on real customers, and what it takes to place many.

**Faithful**: trustworthiness of 15 neighbours (Venna and Kaski 2001), each among everybody, with
its standard error, of telco, the demo's loans, marketing, the buying profiles of a real grocer's
households, and mixed customers. Beside the map are the customers' two principal components, and
what the landmarks become by other methods of scikit-learn (everybody else is placed as on the map).
The vectors are those of the spec that ``kindred infer-spec`` proposes, texts left out.

**Many**: n mixed customers of about 100 dimensions. Landmarks and layout are made once per encoder;
placing and judging are a night's work, in a process of their own, whose memory must not exceed its
forecast. CPU seconds are those of all threads: on a machine with other load, they say more.
"""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.manifold import MDS, SpectralEmbedding

from benchmarks import mixed_customers, purchases, tables
from benchmarks.report import Report, arguments, machine
from kindred.encoding.encoder import fit_encoder
from kindred.encoding.items_block import fit_items
from kindred.events.ownership import ItemCounts
from kindred.maps.faithfulness import Faithfulness, measure
from kindred.maps.landmarks import find_landmarks
from kindred.maps.laying_out import lay_out
from kindred.maps.layout import Layout
from kindred.maps.map_memory import place_megabytes
from kindred.maps.placing import place
from kindred.neighbours.distinct import find_distinct
from kindred.run.machine import peak_megabytes
from kindred.spec.features import Kind
from kindred.spec.metrics import Metric

SEED = 20_180_401
MIXED = 20_000
TARGET = 0.85
LONGEST_CPU_SECONDS = 60.0

T = TypeVar("T")
Vectors = NDArray[np.float32]
METHODS: dict[str, Callable[[Vectors], NDArray[np.float64]]] = {
    "components": lambda points: PCA(2, random_state=0).fit_transform(points),
    "spectral": lambda points: SpectralEmbedding(
        affinity="nearest_neighbors", n_neighbors=15, random_state=0
    ).fit_transform(points),
    "MDS": lambda points: MDS(
        n_init=1, init="classical_mds", normalized_stress=False, random_state=0
    ).fit_transform(points),
}


def customers() -> Iterator[tuple[str, Vectors]]:
    """Name and vectors of each table."""
    for table in (tables.telco(), tables.loans(), tables.marketing()):
        features = {c: f for c, f in table.features.items() if f.kind is not Kind.TEXT}
        yield table.name, fit_encoder(features, table.frame).transform(table.frame)
    yield "grocer", households()
    yield "mixed", mixed_customers.make_vectors(MIXED)


def households() -> Vectors:
    """The buying profiles of the grocer's households, by kinds of products."""
    bought = purchases.grocer("product_type")
    lines = bought.lines
    ones = np.ones(len(lines), dtype=np.int32)
    counts = sparse.csr_array((ones, (lines.customers, lines.items)), shape=bought.shape)
    counts.sum_duplicates()
    values = ItemCounts(counts, np.arange(bought.shape[1]))
    block = fit_items(values)
    out = np.zeros((bought.shape[0], block.width), dtype=np.float32)
    block.write(values, out)
    return out


def points_of(vectors: Vectors) -> tuple[Vectors, NDArray[np.int64]]:
    """Distinct vectors in content order, and the customers at each."""
    distinct = find_distinct(vectors, np.ones(len(vectors), dtype=np.bool_))
    content = distinct.content_order
    return vectors[distinct.first_rows[content]], distinct.sizes[content]


def landmarks_of(vectors: Vectors, threads: int) -> Vectors:
    """The landmarks of customers."""
    points, counts = points_of(vectors)
    return find_landmarks(_padded(points), counts, seed=SEED, threads=threads)


def _padded(points: Vectors) -> Vectors:
    return np.pad(points, ((0, 0), (0, -points.shape[1] % 4)))


def judged(vectors: Vectors, places: Vectors, threads: int) -> Faithfulness:
    """How faithful places of customers are."""
    distinct = find_distinct(vectors, np.ones(len(vectors), dtype=np.bool_))
    rows = distinct.first_rows[distinct.content_order]
    return measure(vectors[rows], places[rows], Metric.L2, seed=SEED, threads=threads)


def measure_faithfulness(report: Report, name: str, vectors: Vectors, threads: int) -> None:
    """The map of a table, and its rivals."""
    vectors = _padded(vectors)
    landmarks = landmarks_of(vectors, threads)
    laid_out = {"map": lay_out(landmarks, np.ones(len(landmarks), dtype=np.int64))}
    laid_out |= {method: made(landmarks) for method, made in METHODS.items()}
    places = {
        method: place(vectors, Layout(landmarks, coordinates.astype(np.float32)), threads=threads)
        for method, coordinates in laid_out.items()
    }
    places["components of all"] = PCA(2, random_state=0).fit_transform(vectors).astype(np.float32)
    found = {method: judged(vectors, placed, threads) for method, placed in places.items()}
    trusts = {method: figures.trustworthiness for method, figures in found.items()}
    report.measure(
        name,
        customers=len(vectors),
        landmarks=len(landmarks),
        standard_error=found["map"].standard_error,
        **trusts,
    )
    report.at_least(f"{name}: trustworthiness", trusts["map"] or 0.0, TARGET)
    rival = trusts["components of all"] or 0.0
    report.at_least(f"{name}: better than the components", (trusts["map"] or 0.0) - rival, 0.0)


def place_many(count: int, threads: int) -> list[dict[str, Any]]:
    """Seconds of placing many customers, in a process of its own."""
    vectors = _padded(mixed_customers.make_vectors(count))
    steps: list[dict[str, Any]] = []

    def timed(what: str, work: Callable[[], T]) -> T:
        wall, cpu = time.perf_counter(), time.process_time()
        found = work()
        seconds = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
        steps.append({"what": what, **seconds, "peak_megabytes": peak_megabytes()})
        return found

    landmarks = timed("landmarks", lambda: landmarks_of(vectors, threads))
    ones = np.ones(len(landmarks), dtype=np.int64)
    coordinates = timed("layout", lambda: lay_out(landmarks, ones))
    layout = Layout(landmarks, coordinates)
    place(vectors[:1000], layout)  # compiles
    places = timed("place", lambda: place(vectors, layout, threads=threads))
    timed("judge", lambda: judged(vectors, places, threads))
    return steps


def main() -> int:
    options = arguments(__doc__, n=200_000, threads=2)
    report = Report("maps", {"n": options.n, "threads": options.threads}, machine())
    for name, vectors in customers():
        measure_faithfulness(report, name, vectors, options.threads)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        steps = pool.submit(place_many, options.n, options.threads).result()
    for step in steps:
        report.measure(str(step.pop("what")), group="many", **step)
    cpu = sum(step["cpu_seconds"] for step in steps[2:]) * 1_000_000 / options.n
    report.at_most("CPU seconds to place and judge a million", cpu, LONGEST_CPU_SECONDS)
    forecast = place_megabytes((options.n, 100), hides=False)
    report.at_most("peak MB against the forecast", steps[-1]["peak_megabytes"], forecast)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
