"""The simulation of a night: who waits for whom, and who gets which cores."""

import pytest

from kindred.planning.schedule import Cluster, Job, Phase, critical_path, run


def job(task, *phases, after=()):
    return Job(task, tuple(after), phases)


def work(seconds, cores=1.0):
    return Phase(worker=seconds, worker_cores=cores)


def ends(ran):
    return sorted((one.job.task, round(one.ended, 6)) for one in ran)


ONE = Cluster(workers=1, cores=2, slots=2, server_cores=4)


def test_a_task_takes_its_phases_one_after_the_other():
    phases = (work(3), work(8, cores=2), Phase(server=2), Phase(pause=1.5), work(0))
    [found] = run([job("encode", *phases)], ONE)
    assert (found.began, found.ended) == (0, 3 + 4 + 2 + 1.5)


def test_worker_and_server_work_side_by_side_in_a_phase():
    [found] = run([job("encode", Phase(worker=3, server=5))], ONE)
    assert found.ended == 5


def test_cores_are_shared_evenly_and_nobody_gets_more_than_it_can_use():
    # One core for the one that can use no more, the other for the one that could use both.
    assert ends(run([job("a", work(3)), job("b", work(9, cores=2))], ONE)) == [
        ("a", 3), ("b", 3 + 6 / 2),
    ]  # fmt: skip
    both = run([job("a", work(4, cores=2)), job("b", work(4, cores=2))], ONE)
    assert ends(both) == [("a", 4), ("b", 4)]


def test_who_gives_way_gets_the_cores_that_all_others_leave():
    map_of_all = Job("map", (), (work(4, cores=2), Phase(server=1)), gives_way=True)
    jobs = [map_of_all, job("cluster", work(3)), job("hdbscan", work(1))]
    cluster = Cluster(workers=1, cores=2, slots=3, server_cores=4)
    # One second without a core, two with one, one with both; then the server's second.
    assert ends(run(jobs, cluster)) == [("cluster", 3), ("hdbscan", 1), ("map", 5)]
    alone = run([map_of_all], cluster)
    assert ends(alone) == [("map", 3)]
    on_server = Job("load", (), (Phase(server=3),), gives_way=True)
    shared = Cluster(workers=1, cores=1, slots=2, server_cores=1)
    assert ends(run([on_server, job("gate", Phase(server=3))], shared)) == [
        ("gate", 6),
        ("load", 6),
    ]


def test_a_task_waits_for_a_slot_and_the_first_in_the_list_begins_first():
    jobs = [job(name, work(2)) for name in "abc"]
    ran = run(jobs, ONE)
    assert ends(ran) == [("a", 2), ("b", 2), ("c", 4)]
    assert {one.job.task: one.began for one in ran}["c"] == 2


def test_instances_are_spread_over_the_workers():
    jobs = [job("search", work(10, cores=2)) for _ in range(4)]
    alone = run(jobs, Cluster(workers=1, cores=2, slots=4, server_cores=4))
    spread = run(jobs, Cluster(workers=4, cores=2, slots=4, server_cores=4))
    assert max(one.ended for one in alone) == 20
    assert max(one.ended for one in spread) == 5
    assert {one.worker for one in spread} == {0, 1, 2, 3}


def test_the_worker_with_the_most_free_slots_is_next():
    lengths = {"a": 5, "b": 1, "c": 3, "d": 5, "e": 1, "f": 5, "g": 3, "h": 9, "i": 1}
    cluster = Cluster(workers=3, cores=2, slots=2, server_cores=4)
    ran = {one.job.task: one for one in run([job(n, work(s)) for n, s in lengths.items()], cluster)}
    assert "".join(str(ran[name].worker) for name in lengths) == "012012112"
    assert [ran[name].began for name in "ghi"] == [1, 1, 3]
    held = {name: one.slot_of.job.task for name, one in ran.items() if one.slot_of}
    assert held == {"g": "e", "h": "e", "i": "c"}


def test_more_workers_do_not_speed_up_the_server():
    jobs = [job("load", Phase(server=4)) for _ in range(8)]
    for workers in (8, 80):
        ran = run(jobs, Cluster(workers=workers, cores=2, slots=1, server_cores=2))
        assert max(one.ended for one in ran) == 16


def test_on_one_machine_the_server_and_others_take_cores_of_the_tasks():
    jobs = [job("a", work(6)), job("b", Phase(server=6)), job("c", work(6))]
    shared = Cluster(workers=1, cores=2, slots=3, server_cores=2, is_one=True)
    assert ends(run(jobs, shared)) == [("a", 9), ("b", 9), ("c", 9)]
    apart = Cluster(workers=1, cores=2, slots=3, server_cores=2)
    assert ends(run(jobs, apart)) == [("a", 6), ("b", 6), ("c", 6)]
    busy = Cluster(workers=1, cores=2, slots=3, server_cores=2, is_one=True, background=0.5)
    assert ends(run(jobs, busy)) == [("a", 12), ("b", 12), ("c", 12)]


def test_a_task_begins_when_all_instances_before_it_have_ended_and_a_while_later():
    jobs = [job("search", work(2)), job("search", work(3)), job("merge", work(1), after=["search"])]
    cluster = Cluster(workers=1, cores=2, slots=2, server_cores=4, waiting=0.5)
    assert ends(run(jobs, cluster)) == [("merge", 5), ("search", 2.5), ("search", 3.5)]


def test_a_task_without_work_ends_at_once():
    jobs = [job("a"), job("b", work(1), after=["a"])]
    assert ends(run(jobs, ONE)) == [("a", 0), ("b", 1)]
    assert run([], ONE) == []


def test_the_path_is_what_decided_the_end():
    jobs = [
        job("plan", work(1)),
        job("index", Phase(server=9), after=["plan"]),
        job("search", work(2), after=["plan"]),
        job("gate", work(1), after=["index", "search"]),
    ]
    path = critical_path(run(jobs, ONE))
    assert [one.job.task for one in path] == ["plan", "index", "gate"]
    assert sum(one.seconds for one in path) == path[-1].ended == 11


def test_the_path_goes_through_who_held_the_slot():
    jobs = [
        job("graph", work(1)),
        job("hdbscan", work(9), after=["graph"]),
        job("kmeans", work(5), after=["graph"]),
        job("map", work(4), after=["graph"]),
        job("gate", work(1), after=["hdbscan", "kmeans", "map"]),
    ]
    one_slot = Cluster(workers=1, cores=2, slots=1, server_cores=4)
    path = critical_path(run(jobs, one_slot))
    assert [one.job.task for one in path] == ["graph", "hdbscan", "kmeans", "map", "gate"]
    assert sum(one.seconds for one in path) == path[-1].ended == 20
    assert [round(one.waited_for_slot) for one in path] == [0, 0, 9, 14, 0]
    two = critical_path(run(jobs, ONE))
    assert [one.job.task for one in two] == ["graph", "kmeans", "map", "gate"]
    assert sum(one.seconds for one in two) == two[-1].ended == 11


def test_jobs_that_wait_for_each_other_are_refused():
    jobs = [job("a", work(1), after=["b"]), job("b", work(1), after=["a"])]
    with pytest.raises(ValueError, match="a waits for what never ends"):
        run(jobs, ONE)
