"""Stable cluster ids where a published date is run again and finds other clusters."""

import numpy as np

from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.store.clusters import stable_ids
from kindred.store.keys import KeyType

AS_OF = "2026-02-01T02:00"


def test_a_cluster_born_on_a_second_run_takes_no_id_of_one_that_died(laboratory):
    laboratory.fill("customers", COLUMNS, people(100))
    laboratory.run(make_spec(clustering={"algorithms": ["kmeans"]}), AS_OF)
    customers = np.array([*range(1, 101), 1001, 1002], dtype=np.int64)
    labels = np.array([0] * 100 + [1] * 2, dtype=np.int32)  # all in one, and two newcomers
    with laboratory.workplace.warehouse("test", "kindred") as database:
        first, second = (
            stable_ids(database, KeyType.BIGINT, "kmeans", moment(AS_OF), customers, labels)
            for _ in range(2)
        )
    events = sorted((event.cluster_id, event.event) for event in first.lineage)
    assert [cluster_id for cluster_id, _ in events] == [0, 1, 2, 3, 4]
    assert events[-1] == (4, "born")
    assert sorted(event for _, event in events) == ["born", "died", "died", "died", "kept"]
    np.testing.assert_array_equal(first.cluster_ids, second.cluster_ids)
