"""How long does a trained audience take, and how much memory?

n customers (`benchmarks.customers`) of d dimensions, mapped from disk as a task does it. The seeds
are drawn from those of the largest values of a random direction with noise, a different one for
each audience; all others are the pool. Each audience is trained in a process of its own, which has
imported what a task imports, one after the other.

- **seconds**: of wall time for one audience; **cpu**: of processor time.
- **peak**: the largest resident memory of the process (VmHWM), with the mapped vectors.
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.audience import hashes_of, populations_of
from benchmarks.customers import make_customers
from benchmarks.report import Report, arguments, machine
from kindred.audiences.training import train
from kindred.run.machine import peak_megabytes

SEED = 20_180_401
SIZES = (0.01, 0.025, 0.05, 0.1)
COLUMNS = 20
MOST_SECONDS, MOST_SECONDS_OF_ALL, MOST_MEGABYTES = 60.0, 300.0, 3072


def seeds_of(vectors: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Customers of a taste: the largest of a direction's products with noise."""
    random = np.random.default_rng(seed)
    direction = np.asarray(random.normal(size=vectors.shape[1]), dtype=np.float32)
    noise = np.asarray(random.normal(size=len(vectors)), dtype=np.float32)
    products = vectors @ direction
    products += noise * products.std()
    having = np.argpartition(-products, 10 * count)[: 10 * count]
    return np.sort(random.permutation(having)[:count])


def train_one(path: str, count: int, seed: int, threads: int) -> tuple[float, float, int, str]:
    """Train an audience; wall and processor seconds, the peak in megabytes, and the method."""
    # Imported because a task imports it, too.
    import kindred.airflow_adapter.tasks  # noqa: F401

    vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    seeds = seeds_of(vectors, count, seed)
    hashes = hashes_of(len(vectors), SEED)
    width = vectors.shape[1] // COLUMNS
    blocks = {f"c{number}": (number * width, (number + 1) * width) for number in range(COLUMNS)}
    started, cpu = time.perf_counter(), time.process_time()
    populations = populations_of(len(vectors), seeds)
    found = train(vectors, populations, hashes, SIZES, blocks=blocks, threads=threads)
    took = time.perf_counter() - started
    return took, time.process_time() - cpu, peak_megabytes(), found.method


def main() -> int:
    options = arguments(__doc__, n=1_000_000, d=100, seeds=5_000, audiences=20, threads=2)
    parameters = {name: getattr(options, name) for name in ("n", "d", "seeds", "audiences")}
    report = Report("audience_speed", parameters, machine())
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "vectors.npy")
        np.save(path, make_customers(options.n, options.d).astype(np.float32), allow_pickle=False)
        seconds, megabytes = [], []
        for number in range(options.audiences):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                call = pool.submit(train_one, path, options.seeds, SEED + number, options.threads)
                took, cpu, peak, method = call.result()
            report.measure(
                f"audience {number + 1}", seconds=took, cpu=cpu, peak=peak, method=method
            )
            seconds.append(took)
            megabytes.append(peak)
    report.at_most("slowest audience, seconds", max(seconds), MOST_SECONDS)
    report.at_most("all audiences, seconds", sum(seconds), MOST_SECONDS_OF_ALL)
    report.at_most("peak, MB", max(megabytes), MOST_MEGABYTES)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
