"""Compile to machine code what the tests will call, so that not each of their processes has to.

The functions of folders by their names: ``python machine_code.py segments audiences``. What is
imported for it is imported only where somebody has to compile.
"""

import gc
import sys
from pathlib import Path

from kindred.neighbours import compiled
from kindred.spec.metrics import Metric


def compile_neighbours() -> None:
    from kindred.neighbours import exact, search_plan
    from unit.graph_cases import build_graph, build_night, clustered, froze

    vectors = clustered(1_000, 6)
    for limit, pairs in ((search_plan.EXACT_LIMIT, 0), (100, exact.SCAN_FROM)):
        search_plan.EXACT_LIMIT, exact.SCAN_FROM = limit, pairs
        for metric in Metric:
            build_graph(vectors, metric, 5)
    frozen = froze(vectors, Metric.L2)
    build_night(vectors, Metric.L2, frozen)
    build_night(vectors[1:], Metric.L2, frozen)


def compile_segments() -> None:
    import numpy as np

    from kindred.segments.density import boruvka_search
    from kindred.segments.kmeans.lloyd import settle_centroids
    from unit.cluster_cases import ALGORITHMS, cluster, groups

    vectors, _ = groups(400)
    settle_centroids(vectors, np.ones(len(vectors)), vectors[:3].astype(np.float64))
    for points in (boruvka_search.EXACT_POINTS, 0):
        boruvka_search.EXACT_POINTS = points
        for metric in (Metric.L2, Metric.COSINE):
            for algorithm in ALGORITHMS:
                cluster(algorithm, vectors, metric)


def compile_recommendations() -> None:
    import numpy as np
    from scipy import sparse

    from kindred.recommendations.lists import Catalogue, most_popular

    everything = sparse.csr_array(np.ones((6, 3), dtype=np.int32))
    most_popular(Catalogue.of(everything), np.arange(6), 2)


def compile_audiences() -> None:
    from unit.audiences.made_audiences import asked_half, half, populations, tasteful, trained

    vectors, likes = tasteful()
    for given in (populations(len(likes), half(likes)), asked_half(likes)):
        trained(vectors, given)


def compile_maps() -> None:
    import numpy as np

    from kindred.maps.laying_out import lay_out
    from kindred.maps.layout import Layout
    from kindred.maps.placing import INTERPOLATED_FROM, place
    from unit.graph_cases import clustered

    vectors = clustered(INTERPOLATED_FROM, 8)
    places = lay_out(vectors, np.ones(len(vectors), dtype=np.int64))
    place(vectors, Layout(vectors, places))


def is_compiled(part: str) -> bool:
    """Whether somebody has compiled functions of a folder as its sources are now."""
    folder = Path(compiled.__file__).parents[1] / part
    return any(folder.rglob(f"*{compiled._DIGEST}*.nbc"))


COMPILE = {
    "neighbours": compile_neighbours,
    "segments": compile_segments,
    "recommendations": compile_recommendations,
    "audiences": compile_audiences,
    "maps": compile_maps,
}

if __name__ == "__main__":
    gc.disable()  # what a compiler makes stays: to look through it again and again is a seventh
    for name in sys.argv[1:]:
        if not is_compiled(name):
            COMPILE[name]()
