"""What the encoder gets of a column's value, by the column's type and the feature's kind."""

import pytest

from integration.warehouse import make_spec, moment
from kindred.history import snapshot_customers
from kindred.spec.features import Kind

DAY = "2026-01-10"
FIRST = "2026-02-01T02:00"

VALUES = [
    # column type, kind, value as the source has it, what the encoder gets or why not
    ("numeric", "numeric", "NaN", "not a finite number"),
    ("numeric", "numeric", "Infinity", "not a finite number"),
    ("numeric", "numeric", "1e400", "not a finite number"),
    ("numeric", "numeric", "1e-400", 0.0),
    ("numeric", "numeric", "-12.50", -12.5),
    ("numeric(10,2)", "numeric", "3.14", 3.14),
    ("real", "numeric", "Infinity", "not a finite number"),
    ("real", "numeric", "0.5", 0.5),
    ("smallint", "numeric", "-7", -7.0),
    ("bigint", "numeric", "9223372036854775807", 9223372036854775807.0),
    ("text", "numeric", "12", 12.0),
    ("text", "numeric", " 3.5 ", 3.5),
    ("text", "numeric", "1e5", 1e5),
    ("text", "numeric", "-.5E-3", -0.0005),
    ("text", "numeric", "+7.", 7.0),
    ("text", "numeric", "", None),
    ("text", "numeric", "   ", None),
    ("text", "numeric", None, None),
    ("text", "numeric", "abc", "not a finite number"),
    ("text", "numeric", "1,234.50", "not a finite number"),
    ("text", "numeric", "12 13", "not a finite number"),
    ("text", "numeric", "NaN", "not a finite number"),
    ("text", "numeric", "1e99", "not a finite number"),
    ("text", "numeric", "1e400", "not a finite number"),
    ("text", "numeric", "1e-400", "not a finite number"),
    ("text", "numeric", "0x10", "not a finite number"),
    ("text", "numeric", ".", "not a finite number"),
    ("text", "numeric", "9" * 500, "not a finite number"),
    ("varchar(20)", "numeric", "8", 8.0),
    ("boolean", "numeric", "true", 1.0),
    ("boolean", "boolean", "false", 0.0),
    ("boolean", "boolean", None, None),
    ("text", "boolean", "yes", 1.0),
    ("text", "boolean", " NO ", 0.0),
    ("text", "boolean", "t", 1.0),
    ("text", "boolean", "f", 0.0),
    ("text", "boolean", "1", 1.0),
    ("text", "boolean", "0", 0.0),
    ("text", "boolean", " ", None),
    ("text", "boolean", "maybe", "not a boolean"),
    ("text", "boolean", "2", "not a boolean"),
    ("integer", "boolean", "0", 0.0),
    ("integer", "boolean", "1", 1.0),
    ("integer", "boolean", "2", "not a boolean"),
    ("integer", "boolean", "-1", "not a boolean"),
    ("text", "categorical", " CA ", "=CA"),
    ("text", "categorical", "", None),
    ("char(4)", "categorical", "CA", "=CA"),
    ("varchar(3)", "categorical", "née", "=née"),
    ("integer", "categorical", "12", "=12"),
    ("boolean", "categorical", "true", "=true"),
    ("date", "categorical", "2026-01-02", "=2026-01-02"),
    ("mood", "categorical", "so-so", "=so-so"),
    ("percentage", "numeric", "55", 55.0),
    ("date", "date", "1970-01-02", 1.0),
    ("date", "date", None, None),
    ("date", "date", "1899-12-31", "not a date from 1900 to 9999"),
    ("date", "date", "1900-01-01", -25567.0),
    ("date", "date", "10000-01-01", "not a date from 1900 to 9999"),
    ("date", "date", "9999-12-31", 2932896.0),
    ("date", "date", "5874897-12-31", "not a date from 1900 to 9999"),
    ("date", "date", "infinity", "not a date from 1900 to 9999"),
    ("timestamp", "date", "1970-01-01 12:00", 0.5),
    ("timestamp", "date", "-infinity", "not a date from 1900 to 9999"),
    ("timestamptz", "date", "1970-01-01 23:00-01", 1.0),
    ("timestamptz", "date", "0044-03-15 12:00Z BC", "not a date from 1900 to 9999"),
    ("text", "date", " 1970-01-02 ", 1.0),
    ("text", "date", "1970-01-01 23:00:00.5-01", 1.0 + 0.5 / 86400),
    ("text", "date", "1970-01-02T12:00Z", 1.5),
    ("text", "date", "2000-02-29", 11016.0),
    ("text", "date", "2100-02-29", "not a date from 1900 to 9999"),
    ("text", "date", "2021-04-31", "not a date from 1900 to 9999"),
    ("text", "date", "31/12/2020", "not a date from 1900 to 9999"),
    ("text", "date", "1899-12-31", "not a date from 1900 to 9999"),
    ("text", "date", "now", "not a date from 1900 to 9999"),
    ("text", "date", "  ", None),
    ("text", "text", " fits well\n", "=fits well"),
    ("text", "text", " \t\n", None),
    ("text", "text", "\N{GRINNING FACE}" * 25_000, "=" + "\N{GRINNING FACE}" * 25_000),
    ("varchar(10)", "text", "no", "=no"),
]


@pytest.fixture(scope="module")
def valued(make_laboratory):
    """One wide row a customer: customer i has a value of interest in column i only."""
    laboratory = make_laboratory()
    laboratory.query("create type mood as enum ('good', 'so-so')", source=True)
    laboratory.query("create domain percentage as integer check (value <= 100)", source=True)
    definition = ", ".join(f"c{i} {case[0]}" for i, case in enumerate(VALUES))
    rows = [
        (i, f"{DAY}T10:00Z", *(case[2] if i == j else None for j, case in enumerate(VALUES)))
        for i in range(len(VALUES))
    ]
    laboratory.fill("customers", f"customer_id bigint, updated_at timestamptz, {definition}", [])
    for row in rows:  # one by one: a null alone has no type among other rows
        laboratory.append("customers", [row])
    counted = ("categorical", "text")
    features = {
        f"c{i}": {"kind": kind} | ({"min_frequency": 1} if kind in counted else {})
        for i, (_, kind, _, _) in enumerate(VALUES)
    }
    spec = make_spec(features=features, labels=[], k=1, gates={"max_rejected_share": 1.0})
    return laboratory, laboratory.run(spec, FIRST)


@pytest.fixture(scope="module")
def encoder_input(valued):
    """What the encoder gets of every customer who was accepted."""
    laboratory, run = valued
    found = {}
    with laboratory.deployment.warehouse("test", "kindred") as database:
        snapshot_customers.read_customers(
            database,
            run,
            snapshot_customers.customers_as_of(run.spec, moment(FIRST)),
            lambda keys, _, frame: found.update(
                zip(keys.tolist(), frame.to_dict("records"), strict=True)
            ),
        )
    return found


@pytest.mark.parametrize(
    "number", range(len(VALUES)), ids=lambda i: "{}-{}-{}".format(*VALUES[i])[:60]
)
def test_value(valued, encoder_input, number):
    _, kind, _, expected = VALUES[number]
    laboratory, _ = valued
    reasons = [reason for key, reason in laboratory.rejected() if key == str(number)]
    if isinstance(expected, str) and not expected.startswith("="):
        assert number not in encoder_input
        (reason,) = reasons
        assert reason.startswith(f"c{number}: {expected}")
        return
    assert reasons == []
    found = encoder_input[number][f"c{number}"]
    if kind in (Kind.CATEGORICAL, Kind.TEXT):
        assert found == (None if expected is None else expected[1:])
    elif expected is None:
        assert found != found, "missing is NaN"
    else:
        assert found == expected
