"""What the graph's stages tell before they work: memory, cores, shards."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from kindred.neighbours.graph_memory import merge_megabytes, search_megabytes
from kindred.neighbours.shards import MAX_SHARDS, count_shards, graph_k
from kindred.run import machine
from kindred.run.machine import available_megabytes, cores, total_megabytes
from kindred.run.memory import limit_megabytes
from kindred.segments.segment_memory import density_megabytes, kmeans_megabytes
from kindred.settings import Settings
from kindred.spec.model import spec_from_dict

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
    memory = SimpleNamespace(total=4000 * 2**20, available=2000 * 2**20)
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(machine, "CONTROL_GROUP", tmp_path)
    (tmp_path / "memory.max").write_text(f"{1000 * 2**20}\n")
    (tmp_path / "memory.current").write_text(f"{700 * 2**20}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {200 * 2**20}\n")
    return tmp_path


def test_what_is_left_is_the_less_of_machine_and_control_group(memory):
    assert (total_megabytes(), available_megabytes()) == (1000, 500)
    (memory / "memory.max").write_text("max\n")
    assert (total_megabytes(), available_megabytes()) == (4000, 2000)
    (memory / "memory.max").unlink()
    assert (total_megabytes(), available_megabytes()) == (4000, 2000)


def test_a_task_may_take_its_share_and_no_more_than_is_left(memory, monkeypatch):
    monkeypatch.setattr("kindred.run.memory.held_megabytes", lambda: 100)
    assert limit_megabytes(Settings(tasks_at_once=1)) == 500 + 100
    assert limit_megabytes(Settings(tasks_at_once=2)) == 500
    assert limit_megabytes(Settings(tasks_at_once=4)) == 250
    assert limit_megabytes(Settings(memory_limit_mb=700, tasks_at_once=4)) == 700
    (memory / "memory.max").unlink()
    assert limit_megabytes(Settings(tasks_at_once=4)) == 1000


# In a process of its own, where no freed memory is there to be taken again.
HELD_AND_PEAK = """
from kindred.run.machine import held_megabytes, peak_megabytes
before = held_megabytes()
block = bytearray(b"x") * (64 << 20)
within = held_megabytes()
del block
print(before, within, held_megabytes(), peak_megabytes())
"""


def test_what_a_process_holds_is_told_apart_from_what_it_has_held():
    command = [sys.executable, "-c", HELD_AND_PEAK]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    before, within, after, peak = map(int, printed.split())
    assert within >= before + 60
    assert 0 < after <= before + 5
    assert peak >= before + 60


def test_segments_of_more_customers_need_more_memory():
    assert 1200 < density_megabytes((1_000_000, 32), 20) < 2400
    assert density_megabytes((2_000_000, 32), 20) > density_megabytes((1_000_000, 32), 20)
    assert density_megabytes((1_000_000, 32), 40) > density_megabytes((1_000_000, 32), 20)
    assert 500 < kmeans_megabytes((1_000_000, 32)) < density_megabytes((1_000_000, 32), 20)
    assert density_megabytes((0, 32), 20) == kmeans_megabytes((0, 32)) > 0
