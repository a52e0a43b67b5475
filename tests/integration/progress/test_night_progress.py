"""Every stage that may take long says what it does, and counts what can be counted."""

import pytest

from integration.warehouse import COLUMNS, make_spec, people
from kindred.progress import steps as module

AS_OF = "2026-01-25T02:00"
CUSTOMERS = 1_200


@pytest.fixture(scope="module")
def opened(make_laboratory):
    """The steps of a night: (what, with those around it, its total)."""
    found = []

    class Recorded(module.Step):
        def __init__(self, what, total=None, unit="rows", **more):
            super().__init__(what, total, unit, **more)
            around = [one.what for one in module._local.own.steps]
            found.append((": ".join([*around, what]), total))

    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(CUSTOMERS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "Step", Recorded)
        laboratory.run(make_spec(clustering={"algorithms": ["kmeans", "hdbscan", "dbscan"]}), AS_OF)
    return found


@pytest.mark.parametrize(
    ("start", "total"),
    [
        ("extract: ", None),
        ("validate: statement history/", None),
        ("fit_encoder: reading", CUSTOMERS),
        ("fit_encoder: fitting an encoder on 1200 customers", None),
        ("encode: encoding", CUSTOMERS),
        ("search_graph 0: shard 0 of 1: searching exactly", CUSTOMERS),
        ("build_embeddings: planning an index of ", None),
        ("build_embeddings: loading customer_embeddings_g1", CUSTOMERS),
        ("build_embeddings: building customer_embeddings_g1_ivfflat with ", None),
        ("build_embeddings: measuring customer_embeddings_g1_ivfflat at probes ", None),
        ("cluster kmeans: k-means of ", None),
        ("cluster kmeans: assigning to centroids", CUSTOMERS),
        ("cluster kmeans: loading customer_clusters_", CUSTOMERS),
        ("cluster hdbscan: exact HDBSCAN of 1200 customers", None),
        ("cluster dbscan: spanning tree: edges out of 1200 components from ", None),
        ("load_lookalikes 0: loading customer_lookalikes_", 5 * CUSTOMERS),
        ("quality_gate: statement warehouse/index_aside", None),
    ],
)
def test_what_may_take_long_is_a_step_with_its_total(opened, start, total):
    totals = {wanted for what, wanted in opened if what.startswith(start)}
    assert totals, start
    assert total in totals


def test_every_step_is_one_of_a_stage(opened):
    """Only these are reported; the others are of what calls the stages."""
    stages = {what.split(":")[0].split(" ")[0] for what, _ in opened}
    assert {"extract", "encode", "plan_graph", "cluster", "publish", "clean_up"} <= stages
