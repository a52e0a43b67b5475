"""What Airflow is told of an error decides whether a task is tried again."""

import psycopg2
import pytest
from customers import AS_OFS, fill_source, space_spec

from integration.warehouse import Laboratory
from kindred import errors
from kindred.errors import KindredError
from kindred.preparation.task import prepare
from kindred.tasks import TASKS, Task

PASSING = {errors.LockTimeoutError, errors.UnreachableError, errors.AudienceUnreachableError}
PASSING |= {errors.StoreUnreachableError, errors.ScratchFullError}


def all_errors(base=KindredError):
    """Every error of the package itself that a stage can raise; specs are proposed elsewhere."""
    found = {kind for kind in base.__subclasses__() if kind.__module__ == errors.__name__}
    found -= {errors.InferenceError}
    return found.union(*map(all_errors, found))


@pytest.fixture(scope="module")
def reference(airflow_library, make_database, tmp_path_factory):
    """A build that has begun in a real warehouse, and the environment that its tasks have."""
    laboratory = Laboratory(
        make_database("shop"), make_database("warehouse"), tmp_path_factory.mktemp("artefacts")
    )
    fill_source(laboratory)
    spec = space_spec("shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_KINDRED_SOURCE", laboratory.source_dsn)
        patch.setenv("AIRFLOW_CONN_KINDRED_WAREHOUSE", laboratory.warehouse_dsn)
        patch.setenv("KINDRED_ARTIFACTS", str(laboratory.artefacts))
        request = laboratory.request(spec, AS_OFS[0].replace(tzinfo=None).isoformat())
        yield prepare(laboratory.deployment, spec, request)


@pytest.fixture
def fail_with(reference, monkeypatch):
    """Call a stage that raises an error; returns what Airflow is given."""
    from kindred.airflow_adapter import tasks

    def fail(error):
        def raise_error(run):
            raise error

        monkeypatch.setitem(TASKS, "encode", Task(raise_error))
        try:
            tasks.call("encode", reference, {})
        except Exception as raised:
            return raised
        pytest.fail("the error was lost")

    return fail


@pytest.mark.parametrize("kind", sorted(all_errors() - PASSING - {errors.SupersededError}, key=str))
def test_what_a_person_must_mend_is_not_tried_again(fail_with, kind):
    from airflow.sdk.exceptions import AirflowFailException

    status = ["failed"] if issubclass(kind, errors.AudienceError) else []
    raised = fail_with(kind(*status, "column 'age' is missing; add it"))
    assert type(raised) is AirflowFailException
    assert str(raised) == ": ".join([*status, "column 'age' is missing; add it"])


@pytest.mark.parametrize("kind", [*sorted(PASSING, key=str), psycopg2.OperationalError, OSError])
def test_what_may_pass_is_tried_again(fail_with, kind):
    from airflow.sdk.exceptions import AirflowFailException

    status = ["failed"] if issubclass(kind, errors.AudienceError) else []
    error = kind(*status, "held by another run")
    raised = fail_with(error)
    assert raised is error
    assert not isinstance(raised, AirflowFailException)


def test_a_run_that_another_one_took_over_is_skipped(fail_with):
    from airflow.sdk.exceptions import AirflowSkipException

    raised = fail_with(errors.SupersededError("another run has begun to build it"))
    assert type(raised) is AirflowSkipException
    assert str(raised) == "another run has begun to build it"


def test_figures_of_a_night_are_gauges_of_their_space(airflow_library, monkeypatch):
    from airflow.sdk.observability.stats import gauge

    from kindred.airflow_adapter import metrics

    sent = {}

    class Backend:
        def gauge(self, stat, value, **_):
            sent[stat] = value

    monkeypatch.setitem(gauge.__globals__, "_backend", Backend())
    metrics.send("buying", {"recall": 0.99, "customers": 12.0})
    assert sent == {"kindred.buying.recall": 0.99, "kindred.buying.customers": 12.0}
