"""The sizes of a plan are those that the product would choose."""

from dataclasses import fields

import numpy as np
import pytest

from kindred.errors import SettingsError
from kindred.neighbours.search_plan import GraphPlan
from kindred.neighbours.shards import graph_k
from kindred.planning.sizes import Growth, sizes_of
from kindred.planning.workload import Night, usual_spec, workload_of
from kindred.serving.index_plan import plan_index
from kindred.spec.clustering import Algorithm
from kindred.spec.metrics import Metric
from kindred.spec.model import spec_from_dict
from unit.planning.plan_cases import GROWTH, machines, night


def sizes(customers=1_000_000, dimensions=100, **changes):
    return sizes_of(night(customers, dimensions, **changes), machines(), GROWTH)


def with_index(**changes):
    content = usual_spec(columns=20).model_dump(mode="json") | changes
    return spec_from_dict(content, where="test")


def test_something_grows_as_a_power_of_the_customers():
    assert Growth(40.0, 0.5).of(4_000_000) == 80
    assert Growth(40.0, 0.0).of(10) == 40


@pytest.mark.parametrize("metric", list(Metric))
def test_candidates_are_those_of_a_plan_of_the_graph(metric):
    algorithms = ["kmeans"] if metric is Metric.INNER_PRODUCT else ["kmeans", "hdbscan"]
    spec = with_index(metric=metric.value, clustering={"algorithms": algorithms})
    found = sizes_of(night(spec=spec), machines(), GROWTH).graph
    given = {field.name: 0 for field in fields(GraphPlan)}
    is_refined = metric is not Metric.INNER_PRODUCT
    made = GraphPlan(**{**given, "k": graph_k(spec), "is_refined": is_refined})
    assert (found.k, found.candidates, found.is_refined) == (made.k, made.candidates, is_refined)


def test_a_graph_is_searched_exactly_where_the_product_does():
    few, more, exact = sizes(30_000), sizes(30_001), sizes(spec=with_index(exact=True))
    assert (few.graph.lists, exact.graph.lists) == (0, 0)
    assert more.graph.lists == 30_001 // 128
    assert (more.graph.near, more.graph.probes) == (234, round(40 * 0.030001**0.1))
    assert sizes().graph.near == 256


def test_shards_and_parts_grow_with_the_customers_up_to_64():
    assert [sizes(n).graph.shards for n in (10**6, 10**6 + 1, 3 * 10**6, 10**8)] == [1, 2, 3, 64]
    assert [sizes(n).parts for n in (1, 250_000, 10**6 + 1)] == [1, 1, 5]
    more = sizes_of(night(10**7), machines(cores=8), GROWTH).graph
    assert more.shards == 3


@pytest.mark.parametrize("memory_mb", [1, 4, 256])
def test_the_index_tries_the_lists_that_the_product_tries(memory_mb):
    vectors = np.random.default_rng(1).standard_normal((3_000, 6)).astype(np.float32)
    made = plan_index(vectors, Metric.L2, 5, target_recall=0.9, memory_mb=memory_mb, seed=1)
    on = machines(maintenance_work_mem_mb=memory_mb)
    found = sizes_of(night(3_000, 6), on, GROWTH).index
    assert found.tried == tuple(one.lists for one in made.candidates)
    assert found.most_lists == made.largest_lists
    chosen = next(one for one in made.candidates if one.lists == found.lists)
    assert (found.memory_mb, found.forecast_seconds) == (chosen.memory_mb, chosen.build_seconds)


def test_no_index_is_planned_where_none_is_built():
    for spec, customers in ((with_index(index="exact"), 10**6), (None, 999)):
        assert sizes(customers, spec=spec).index.lists == 0
    assert (
        sizes_of(night(10**6, 2_000), machines(maintenance_work_mem_mb=1), GROWTH).index.tried == ()
    )


def test_measured_sizes_count_instead_of_predicted_ones():
    known = {"lists": 7, "probes": 3, "near": 5, "index_lists": 11, "index_probes": 2}
    found = sizes_of(night(), machines(), GROWTH, **known)
    assert (found.graph.lists, found.graph.probes, found.graph.near) == (7, 3, 5)
    assert (found.index.lists, found.index.probes) == (11, 2)


def test_a_night_has_what_is_usual_for_its_kind():
    shares = {kind: night(kind=kind).changed_share for kind in Night}
    assert shares == {"first": 1, "full": 0.3, "changed": 0.01, "quiet": 0}
    assert [night(kind=kind).builds_index for kind in Night] == [True, True, False, False]
    assert night(changed_share=0.5).builds_index
    assert night(kind="first", changed_share=0.1).landed == 1_000_000
    assert not night(kind="first").measures_drift


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"customers": 0}, "--customers: found 0, allowed is a number from 1"),
        ({"dimensions": -1}, "--dimensions: found -1"),
        ({"changed_share": 1.5}, "--share-changed: found 1.5, allowed is 0 to 1"),
        ({"kind": "full", "changed_share": 0.1}, "say '--night changed'"),
    ],
)
def test_numbers_that_no_night_has_are_refused(changes, message):
    with pytest.raises(SettingsError, match=message):
        night(**changes)


def test_a_spec_without_a_file_has_the_kinds_of_the_measured_tables():
    spec = usual_spec(columns=40, k=20, algorithms=[Algorithm.DBSCAN], clusters=3)
    kinds = [feature.kind.value for feature in spec.features.values()]
    assert [kinds.count(kind) for kind in ("numeric", "boolean", "categorical")] == [24, 6, 10]
    assert (spec.k, spec.clustering.algorithms, spec.clustering.kmeans.k) == (20, ("dbscan",), 3)
    made = workload_of(spec, customers=5, dimensions=9, night=Night.FIRST)
    assert (made.columns, made.versions) == (40, 1.0)
