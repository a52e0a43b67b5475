import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import httpx
import pytest

from local.failures import LocalError, RunFailedError
from local.rest import AirflowClient, Order
from local.watch import check_all_queued, format_message, reason_of

DATES = [datetime(2018, month, 1, 2, tzinfo=UTC) for month in (1, 2, 3)]


class Server:
    """Answers like the API server and remembers what it was asked."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        status, body = self.answers.get(request.url.path.rsplit("/", 1)[-1], (404, {}))
        return httpx.Response(status, json=body(request) if callable(body) else body)


@pytest.fixture
def client_of(monkeypatch):
    def make(server: Server) -> AirflowClient:
        client = AirflowClient("http://127.0.0.1:1", "admin", "secret")
        client.close()
        transport = httpx.MockTransport(server)
        client._http = httpx.Client(base_url="http://127.0.0.1:1", transport=transport)
        return client

    return make


def test_tasks_come_in_the_order_of_the_flow_and_then_by_name(client_of):
    flow = {"publish": [], "encode": ["graph", "index"], "graph": ["publish"], "index": ["publish"]}
    tasks = [{"task_id": name, "downstream_task_ids": after} for name, after in flow.items()]
    client = client_of(Server(tasks=(200, {"tasks": tasks})))
    assert client.task_order("d") == ["encode", "graph", "index", "publish"]


def test_the_tasks_before_each_task(client_of):
    flow = {"encode": ["graph", "index"], "graph": ["publish"], "index": ["publish"], "publish": []}
    tasks = [{"task_id": name, "downstream_task_ids": after} for name, after in flow.items()]
    client = client_of(Server(tasks=(200, {"tasks": tasks})))
    assert client.upstream_tasks("d") == {
        "encode": [], "graph": ["encode"], "index": ["encode"], "publish": ["graph", "index"],
    }  # fmt: skip


def test_a_manual_run_has_no_logical_date_and_is_found_by_its_id(client_of):
    server = Server(
        dagRuns=(200, {"dag_run_id": "first"}),
        **{"first": (200, {"state": "running"})},
        taskInstances=(200, {"task_instances": [{"task_id": "encode"}], "total_entries": 1}),
    )
    client = client_of(server)
    assert client.start_run("d", {"end": "2026-01-05"}, "first") == "first"
    assert json.loads(server.asked[0].content) == {
        "dag_run_id": "first", "logical_date": None, "conf": {"end": "2026-01-05"},
    }  # fmt: skip
    assert client.run("d", "first")["state"] == "running"
    assert client.task_instances_of("d", "first") == [{"task_id": "encode"}]
    assert [request.url.path.removeprefix("/api/v2/dags/d/") for request in server.asked] == [
        "dagRuns", "dagRuns/first", "dagRuns/first/taskInstances",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("order", "active_runs", "backwards"),
    [(Order.FORWARD, 1, False), (Order.BACKWARD, 1, True), (Order.PARALLEL, 3, False)],
)
def test_a_backfill_covers_the_dates_in_the_order_asked_for(
    client_of, order, active_runs, backwards
):
    server = Server(backfills=(200, {"id": 7}))
    assert client_of(server).create_backfill("d", DATES, order) == 7
    body = json.loads(server.asked[0].content)
    assert body["from_date"] == "2018-01-01T02:00:00+00:00"
    assert body["to_date"] == "2018-03-01T02:00:00+00:00"
    assert (body["max_active_runs"], body["run_backwards"]) == (active_runs, backwards)
    assert body["reprocess_behavior"] == "completed"
    assert body["dag_run_conf"] == {}, "without any, a run that is there keeps the one it had"


def test_the_conf_of_a_backfill_is_passed_on(client_of):
    server = Server(backfills=(200, {"id": 7}))
    client_of(server).create_backfill("d", DATES, Order.FORWARD, {"snapshots": "latest_only"})
    assert json.loads(server.asked[0].content)["dag_run_conf"] == {"snapshots": "latest_only"}


class Interrupted(Server):
    """Closes the first connection instead of answering."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        response = super().__call__(request)
        if len(self.asked) == 1:
            raise httpx.ReadError("[Errno 104] Connection reset by peer", request=request)
        return response


def test_a_question_is_asked_again_where_the_connection_was_closed(client_of):
    server = Interrupted(tasks=(200, {"tasks": []}))
    assert client_of(server).task_order("d") == []
    assert len(server.asked) == 2


def test_what_has_an_effect_is_not_sent_twice(client_of):
    server = Interrupted(backfills=(200, {"id": 7}))
    with pytest.raises(httpx.ReadError):
        client_of(server).create_backfill("d", DATES, Order.FORWARD)
    assert len(server.asked) == 1


def test_runs_that_have_not_ended_are_asked_for_by_state(client_of):
    runs = [{"dag_run_id": "backfill__1"}, {"dag_run_id": "manual__2"}]
    server = Server(dagRuns=(200, {"dag_runs": runs, "total_entries": 2}))
    assert client_of(server).unfinished_runs("d") == ["backfill__1", "manual__2"]
    assert server.asked[0].url.params.get_list("state") == ["queued", "running"]


@pytest.mark.parametrize(("order", "active_runs"), [(Order.FORWARD, 1), (Order.PARALLEL, 2)])
def test_a_backfill_in_parallel_takes_so_many_dates_at_once(client_of, order, active_runs):
    server = Server(backfills=(200, {"id": 7}))
    client_of(server).create_backfill("d", DATES, order, at_once=2)
    assert json.loads(server.asked[0].content)["max_active_runs"] == active_runs


def test_the_request_for_a_backfill_is_one_that_airflow_accepts(client_of, tmp_path):
    server = Server(backfills=(200, {"id": 7}))
    client_of(server).create_backfill("d", DATES, Order.PARALLEL, {"snapshots": "all"})
    code = (
        "import sys\n"
        "from airflow.api_fastapi.core_api.datamodels.backfills import BackfillPostBody\n"
        "print(BackfillPostBody.model_validate_json(sys.stdin.buffer.read()).max_active_runs)"
    )
    # Elsewhere, because an import of Airflow makes folders and settings for the whole process.
    result = subprocess.run(
        [sys.executable, "-c", code],
        input=server.asked[0].content,
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert result.stdout.split()[-1:] == [b"3"], result.stderr


def test_only_backfills_that_still_count_as_running_are_closed(client_of):
    listed = [{"id": 1, "completed_at": "2026-01-01T00:00:00Z"}, {"id": 2, "completed_at": None}]
    server = Server(backfills=(200, {"backfills": listed}), cancel=(200, {}))
    assert client_of(server).close_backfills("d") == 1
    assert [request.url.path for request in server.asked[1:]] == ["/api/v2/backfills/2/cancel"]


def test_a_backfill_that_completes_meanwhile_is_no_error(client_of):
    listed = [{"id": 2, "completed_at": None}]
    server = Server(backfills=(200, {"backfills": listed}), cancel=(409, {}))
    assert client_of(server).close_backfills("d") == 1


def test_task_instances_are_read_page_by_page(client_of):
    def page(request: httpx.Request) -> dict:
        offset = int(request.url.params["offset"])
        entries = [{"id": str(number)} for number in range(250)]
        return {"task_instances": entries[offset : offset + 100], "total_entries": 250}

    server = Server(taskInstances=(200, page))
    assert len(client_of(server).task_instances("d", DATES)) == 250
    assert len(server.asked) == 3


def test_an_error_tells_what_was_asked_and_answered(client_of):
    server = Server(d=(403, {"detail": "Forbidden"}))
    with pytest.raises(LocalError, match=r"403 to PATCH /api/v2/dags/d: .*Forbidden"):
        client_of(server).unpause("d")


def test_a_dag_that_was_never_parsed_is_none(client_of):
    assert client_of(Server()).dag("d") is None


def test_an_import_error_of_before_the_start_is_not_reported(client_of):
    since = datetime(2026, 1, 1, 12, tzinfo=UTC)
    errors = [
        {"filename": "old.py", "stack_trace": "x", "timestamp": "2026-01-01T11:59:59Z"},
        {"filename": "new.py", "stack_trace": "NameError: y", "timestamp": "2026-01-01T12:00:05Z"},
    ]
    client = client_of(Server(importErrors=(200, {"import_errors": errors})))
    assert client.import_errors(since) == ["new.py\nNameError: y"]


def test_a_server_that_is_not_there_has_no_health():
    client = AirflowClient("http://127.0.0.1:9", "admin", "secret")
    assert client.health() is None
    client.close()


def test_a_run_left_over_from_before_does_not_count_as_queued(client_of):
    since = datetime(2026, 1, 1, 12, tzinfo=UTC)
    runs = [
        {"logical_date": date.isoformat(), "queued_at": queued}
        for date, queued in zip(
            DATES, ("2026-01-01T12:00:01Z", "2026-01-01T11:00:00Z", None), strict=True
        )
    ]
    client = client_of(Server(dagRuns=(200, {"dag_runs": runs, "total_entries": 3})))
    with pytest.raises(RunFailedError, match="queued no run for 2018-02-01, 2018-03-01"):
        check_all_queued(client, "d", DATES, since)


RAISED = {
    "exc_type": "GateError",
    "exc_value": "recall 0.8\nis too low",
    "frames": [{"filename": "gate.py", "lineno": 12, "name": "check"}],
}


def test_the_reason_is_the_exception_that_ended_the_task():
    messages = [
        {"event": "warming up", "level": "error"},
        {"event": "Task failed with exception", "level": "error", "error_detail": [RAISED]},
        {"event": "bye", "level": "info"},
    ]
    assert RunFailedError("publish", reason_of(messages)).reason == (
        "GateError: recall 0.8 is too low"
    )


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], "its log is empty"),
        ([{"event": "a"}, {"event": "killed", "level": "critical"}, {"event": "z"}], "killed"),
        ([{"event": "only line"}], "only line"),
    ],
)
def test_without_an_exception_the_last_error_is_the_reason(messages, expected):
    assert reason_of(messages) == expected


def test_a_message_is_shown_with_where_it_was_raised():
    message = {
        "timestamp": "2026-01-01T12:13:14.5Z",
        "level": "error",
        "event": "failed",
        "error_detail": [RAISED],
    }
    assert format_message(message) == [
        "12:13:14 error   failed",
        "    gate.py:12 in check",
        "    GateError: recall 0.8\nis too low",
    ]
