"""The gate judges the lists that readers see, too."""

import pytest

from kindred.publication.gate import problems_of_figures
from unit.spec_content import CONTENT, spec_from_dict

FACTS = {
    "recall": 1.0,
    "customers": 10,
    "rows_rejected": 0,
    "rows_undated": 0,
    "customers_rejected": 0,
    "rows_landed": 10,
    "quality": [],
    "cluster_quality": [{"algorithm": "kmeans", "noise_share": 0.0, "clusters": 2}],
    "clusters_kmeans": 2,
}
SPEC = spec_from_dict({**CONTENT, "clustering": {"algorithms": ["kmeans"]}}, "test")


@pytest.mark.parametrize(("recall", "problems"), [(0.99, 0), (0.5, 1)])
def test_lists_of_the_public_columns_must_be_complete(recall, problems):
    public = {"recall": recall, "hidden": ["income"], "eligible": 10}
    found = problems_of_figures(SPEC, {**FACTS, "public": public})
    assert len(found) == problems
    assert all("recall of the public columns 0.5000 is below" in problem for problem in found)
    assert problems_of_figures(SPEC, {**FACTS, "public": None}) == []
