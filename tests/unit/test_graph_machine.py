"""What the graph's stages tell before and while they work: memory, cores, shards, progress."""

import logging

import pytest

from kindred.cluster.forecast import density_megabytes, kmeans_megabytes
from kindred.errors import SettingsError
from kindred.graph.forecast import merge_megabytes, search_megabytes
from kindred.graph.width import graph_k
from kindred.spec import spec_from_dict
from kindred.stages import machine
from kindred.stages.graph import MAX_SHARDS, count_shards
from kindred.stages.machine import available_megabytes, cores, require_memory
from kindred.stages.progress import Progress

SOURCE = {"table": "customers", "key": "customer_id", "updated_at": "updated_at"}


def spec(**keys):
    return spec_from_dict(
        {"space": "default", "source": SOURCE, "features": {"age": "numeric"}, **keys}, "test"
    )


@pytest.mark.parametrize(
    ("keys", "width"),
    [
        ({}, 20),
        ({"k": 30}, 30),
        ({"clustering": {"hdbscan": {"min_samples": 25}}}, 50),
        ({"clustering": {"algorithms": ["kmeans"], "hdbscan": {"min_samples": 25}}}, 10),
        ({"clustering": {"algorithms": ["dbscan"], "dbscan": {"min_samples": 40}}}, 80),
        ({"metric": "ip", "clustering": {"algorithms": ["kmeans"]}}, 10),
    ],
)
def test_the_graph_is_as_wide_as_lookalikes_and_density_need(keys, width):
    assert graph_k(spec(**keys)) == width


def test_shards_are_fat_and_few():
    assert count_shards(0, 250_000, 2) == 1
    assert count_shards(1_000_000, 250_000, 2) == 1
    assert count_shards(1_000_001, 250_000, 2) == 2
    assert count_shards(10**9, 1000, 1) == MAX_SHARDS


def test_cores_are_those_wanted_or_those_there():
    assert cores(3) == 3
    assert cores() >= 1


def test_more_rows_width_and_neighbours_need_more_memory_and_more_shards_less():
    usual = search_megabytes((1_000_000, 32), 10, 2)
    assert 1000 < usual < 1500
    assert search_megabytes((2_000_000, 32), 10, 2) > usual
    assert search_megabytes((1_000_000, 64), 10, 2) > usual
    assert search_megabytes((1_000_000, 32), 20, 2) > usual
    assert search_megabytes((1_000_000, 32), 10, 4) < usual
    assert search_megabytes((0, 32), 10, 1) == merge_megabytes((0, 32), 10) > 0


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """A machine with 2,000 MB left in a control group that has 500 MB left."""
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "CONTROL_GROUP", tmp_path)
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable: 2048000 kB\n")
    (tmp_path / "memory.max").write_text(f"{1000 * 2**20}\n")
    (tmp_path / "memory.current").write_text(f"{700 * 2**20}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {200 * 2**20}\n")
    return tmp_path


def test_what_is_left_is_the_less_of_machine_and_control_group(memory):
    assert available_megabytes() == 500
    (memory / "memory.max").write_text("max\n")
    assert available_megabytes() == 2000
    (memory / "memory.max").unlink()
    (memory / "meminfo").unlink()
    assert available_megabytes() is None


def test_work_that_does_not_fit_is_refused_before_it_begins(memory, caplog):
    with caplog.at_level(logging.INFO):
        require_memory("shard 0 of 2", 500)
    assert "shard 0 of 2: 500 MB forecast, 500 MB available" in caplog.text
    with pytest.raises(
        SettingsError, match=r"501 MB of memory are forecast, 500 MB are .*KINDRED_SHARD_ROWS"
    ):
        require_memory("shard 0 of 2", 501)
    (memory / "memory.max").unlink()
    (memory / "meminfo").unlink()
    require_memory("shard 0 of 2", 10**9)


def test_a_shard_says_every_ten_seconds_what_is_left(caplog):
    seconds = [0.0]
    progress = Progress(logging.getLogger("test"), "shard 1 of 2", clock=lambda: seconds[0])
    with caplog.at_level(logging.INFO):
        for now in range(1, 31):
            seconds[0] = float(now)
            progress(now * 100, 4000)
    assert caplog.messages == [
        "shard 1 of 2: 1000 of 4000 rows, 100 rows/s, 30 s left",
        "shard 1 of 2: 2000 of 4000 rows, 100 rows/s, 20 s left",
        "shard 1 of 2: 3000 of 4000 rows, 100 rows/s, 10 s left",
    ]


def test_segments_of_more_customers_need_more_memory():
    assert 1200 < density_megabytes((1_000_000, 32), 20) < 2400
    assert density_megabytes((2_000_000, 32), 20) > density_megabytes((1_000_000, 32), 20)
    assert density_megabytes((1_000_000, 32), 40) > density_megabytes((1_000_000, 32), 20)
    assert 500 < kmeans_megabytes((1_000_000, 32)) < density_megabytes((1_000_000, 32), 20)
    assert density_megabytes((0, 32), 20) == kmeans_megabytes((0, 32)) > 0
