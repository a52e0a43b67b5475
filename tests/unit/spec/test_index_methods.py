"""Other indexes than an IVFFlat of whole vectors: graphs by memory, halves by width and value."""

from dataclasses import asdict

import numpy as np
import pytest

from kindred.errors import SettingsError
from kindred.serving.hnsw import choose_hnsw, graph_memory_bytes
from kindred.serving.index_plan import plan_index
from kindred.serving.ivfflat_memory import build_memory_bytes
from kindred.serving.rebuild import Rebuild, decide
from kindred.spec.index_methods import Method, Precision, check_dimensions, max_dimensions
from kindred.spec.metrics import Metric

HALF, SINGLE = Precision.HALF, Precision.SINGLE


def vectors(rows: int = 2_000, dimensions: int = 8) -> np.ndarray:
    return np.random.default_rng(3).standard_normal((rows, dimensions), dtype=np.float32)


def plan(points: np.ndarray, method: Method, precision: Precision = SINGLE, memory_mb: int = 64):
    return plan_index(
        points,
        Metric.L2,
        5,
        target_recall=0.95,
        memory_mb=memory_mb,
        seed=1,
        method=method,
        precision=precision,
    )


@pytest.mark.parametrize(("memory_mb", "m"), [(900, 16), (700, 12), (580, 8)])
def test_a_graph_has_as_many_links_as_the_memory_holds(memory_mb, m):
    chosen = choose_hnsw(1_000_000, 32, SINGLE, memory_mb)
    assert (chosen.m, chosen.ef_construction, chosen.ef_search) == (m, 64, 40)
    assert chosen.memory_mb <= memory_mb


def test_a_graph_that_never_fits_is_refused_with_the_figures():
    with pytest.raises(SettingsError, match=r"1000000 vectors of 32.*needs \d+ MB.*is 256"):
        choose_hnsw(1_000_000, 32, SINGLE, 256)


def test_halves_take_less_memory():
    saved = 1_000_000 * 2 * 32
    whole, half = (graph_memory_bytes(1_000_000, 32, precision, 16) for precision in (SINGLE, HALF))
    assert whole - half == saved
    assert build_memory_bytes(1_000, 64, precision=HALF) < build_memory_bytes(1_000, 64)


def test_a_plan_says_which_index_it_is_for():
    points = vectors()
    graph = plan(points, Method.HNSW)
    assert (graph.method, graph.precision, graph.chosen.m) == (Method.HNSW, SINGLE, 16)
    assert asdict(graph)["chosen"]["ef_search"] == 40
    half = plan(points, Method.IVFFLAT, HALF)
    assert half.precision is HALF
    assert half.chosen.recall == plan(points, Method.IVFFLAT).chosen.recall
    assert plan(points, Method.EXACT).chosen is None
    assert plan(points[:500], Method.HNSW).reason == "500 rows, an index wants 1000"


def test_equal_rows_share_an_element_of_the_graph():
    repeated = np.repeat(vectors(200), 50, axis=0)
    assert plan(repeated, Method.HNSW, memory_mb=5).chosen.memory_mb == 5


@pytest.mark.parametrize("method", [Method.IVFFLAT, Method.HNSW])
def test_values_that_a_half_cannot_hold_are_refused(method):
    points = vectors()
    points[7, 3] = -70_000
    assert plan(points, method).chosen is not None
    with pytest.raises(SettingsError, match=r"value of 70000.*up to 65504.*: single"):
        plan(points, method, HALF)


@pytest.mark.parametrize(
    ("dimensions", "precision", "advice"),
    [
        (2_001, SINGLE, "takes 2000.*or say 'index_precision: half' or 'index: exact'"),
        (4_001, SINGLE, "takes 2000.*or say 'index: exact'"),
        (4_001, HALF, "takes 4000.*or say 'index: exact'"),
    ],
)
def test_vectors_that_are_too_wide(dimensions, precision, advice):
    for method in (Method.IVFFLAT, Method.HNSW):
        check_dimensions(max_dimensions(method, precision), method, precision)
        with pytest.raises(SettingsError, match=f"have {dimensions} dimensions.*{advice}"):
            check_dimensions(dimensions, method, precision)
    check_dimensions(16_000, Method.EXACT, precision)
    with pytest.raises(SettingsError, match="takes 16000; give the features fewer components or"):
        check_dimensions(16_001, Method.EXACT, precision)


@pytest.mark.parametrize("rebuild", list(Rebuild))
def test_another_kind_of_index_is_built_unless_never(rebuild):
    given = {"canary": None, "target_recall": 0.95, "rows_at_build": 10, "rows": 10}
    found = decide(rebuild, asked_kind="hnsw (half)", built_kind="ivfflat (half)", **given)
    assert found.is_rebuilt is (rebuild is not Rebuild.NEVER)
