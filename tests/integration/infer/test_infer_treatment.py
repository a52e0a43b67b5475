"""What a proposal announces is what a night does; what a doctor says of hindsight."""

import re
from datetime import datetime, timedelta

import pytest
import yaml

from integration.warehouse import make_spec
from kindred.infer.propose import ProposalRequest, propose_from_source
from kindred.preparation.doctor import examine
from kindred.run.findings import Outcome
from kindred.spec.model import spec_from_dict

AS_OF = "2026-07-01T02:00"


@pytest.fixture(scope="module")
def shop(make_laboratory):
    return make_laboratory()


def proposed(shop, table, **request):
    """The text of a proposal, and its spec."""
    wanted = ProposalRequest("customer_id", **request)
    text, _ = propose_from_source(shop.deployment, wanted, "kindred_source", table=table)
    return text, spec_from_dict({"space": "default", **yaml.safe_load(text)}, where="test")


def test_numbers_are_treated_as_announced(shop):
    columns = "customer_id bigint, updated_at timestamptz, income float8, debt numeric, seen date"
    bad = ["NaN", "Infinity", "-Infinity", "1e38"]
    rows = [
        (
            n,
            "2026-06-01T10:00Z",
            bad[n] if n < len(bad) else 1e30 if n == 10 else None if n == 11 else 20_000 + n % 977,
            "NaN" if n == 20 else n % 461,
            "infinity" if n == 21 else "1066-10-14" if n == 22 else "2024-01-01",
        )
        for n in range(1200)
    ]
    shop.fill("purses", columns, rows)
    text, spec = proposed(shop, "purses", updated_at="updated_at")
    line = {name: re.search(rf"^  {name}: .*", text, re.MULTILINE)[0] for name in spec.features}
    assert "and 4 values that are not a finite number up to 1e37" in line["income"]
    assert "1 far outliers will be clipped; 1 nulls" in line["income"]
    assert "and 1 values that are not a finite number up to 1e37" in line["debt"]
    assert "1 before 1900: their rows will be rejected" in line["seen"]
    assert "1 after 9999: their rows will be rejected" in line["seen"]
    announced = re.findall(r"and (\d+) (?:values|before|after)", text)
    shop.land(spec, AS_OF)
    assert len(shop.rejected()) == sum(map(int, announced)) == 7


HISTORY = (
    "customer_id bigint, valid_from timestamptz, valid_to timestamptz, is_current boolean,"
    " c1 timestamp, c2 text, age integer, plan text"
)


@pytest.fixture(scope="module")
def history(shop):
    """A slowly changing dimension: half of the customers change on 2026-06-01."""
    rows = []
    event = datetime(2026, 6, 1, 12)
    for n in range(200):
        start = datetime(2026, 1, 1) + timedelta(days=n % 50)
        plan = "abc"[n % 3]
        if n % 2:
            rows.append((n, start, event, False, event, "closed", n % 61, plan))
            rows.append((n, event, None, True, None, "open", n % 61, "abc"[n % 7 % 3]))
        else:
            rows.append((n, start, None, True, None, "open", n % 61, plan))
    shop.fill("dimension", HISTORY, rows)
    shop.query("create view dimension_view as select * from dimension", source=True)
    return shop


@pytest.mark.parametrize("table", ["dimension", "dimension_view"])
def test_hindsight_is_left_out_of_a_proposal(history, table):
    text, spec = proposed(history, table, updated_at="valid_from")
    assert set(spec.features) == {"age", "plan"}
    assert spec.source.history == "versions"
    for name in ("valid_to", "is_current", "c1", "c2"):
        assert re.search(rf"^  {name}: ignore +# hindsight: ", text, re.MULTILINE), name


def test_the_doctor_warns_of_hindsight_and_fails_nothing(history, monkeypatch):
    features = {
        "valid_to": "date",
        "is_current": "boolean",
        "c1": "date",
        "c2": "categorical",
        "age": "numeric",
        "plan": "categorical",
    }
    source = {"table": "dimension", "updated_at": "valid_from", "history": "versions"}
    found = hindsight(history, monkeypatch, make_spec(source=source, features=features, labels=[]))
    assert [name for name in features if f"feature '{name}': hindsight" in found] == [
        *("valid_to", "is_current", "c1", "c2")
    ]
    current = {"table": "dimension", "updated_at": "none"}
    by_name = make_spec(source=current, features=features, labels=[])
    found = hindsight(history, monkeypatch, by_name)
    assert found.count("hindsight by its name") == found.count("feature ") == 2
    plain = {"age": "numeric", "plan": "categorical"}
    good = make_spec(source=source, features=plain, labels=[])
    assert hindsight(history, monkeypatch, good) == ""


def hindsight(shop, monkeypatch, spec):
    """What the doctor says of hindsight; nothing of it is a failure."""
    monkeypatch.setenv("KINDRED_ARTIFACTS", str(shop.artefacts))
    monkeypatch.setenv("KINDRED_MIN_FREE_DISK_MB", "1")
    findings = examine(shop.deployment.connections, "default", lambda space: spec)
    assert [f.message for f in findings if f.outcome is Outcome.FAILURE] == []
    return "\n".join(f.message for f in findings if f.check == "hindsight")
