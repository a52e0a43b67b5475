"""The proposal as it is printed: short, the doubtful columns first, and data as they went in."""

import pytest

from kindred.errors import InferenceError
from kindred.infer.columns import Almost
from kindred.infer.files import read_csv
from kindred.infer.kinds import Decision, Use
from kindred.infer.proposal import Proposal, Roles, propose
from kindred.infer.summary import MAX_LINE, MAX_WARNING, summary

ODD = "[red] {b} <i>:car:</i> 'q' \"p\" # - &x"


def numeric(name, reason="61 distinct numbers"):
    return Decision(name, Use.FEATURE, reason, {"kind": "numeric"})


def ignored(name, reason="constant: one value", **facts):
    return Decision(name, Use.IGNORE, reason, **facts)


def lines_of(*decisions):
    return summary(Proposal("public.t", Roles("id"), decisions, 100, "unique"))


def test_what_is_encoded_held_out_and_ignored_is_told_with_its_reasons():
    label = Decision("churn", Use.LABEL, "label, as asked for")
    assert lines_of(numeric("age"), numeric("income"), label, ignored("phone", "an id")) == [
        "a spec is proposed: 2 columns encoded, 1 ignored, 1 held out as labels",
        "  encoded:",
        "    age     numeric: 61 distinct numbers",
        "    income  numeric: 61 distinct numbers",
        "  labels:",
        "    churn  label, as asked for",
        "  ignored:",
        "    phone  an id",
    ]


def test_almost_numbers_come_first_with_their_share_and_the_shapes_of_the_others():
    almost = Almost("number", 0.6, (("9 a", 400),))
    some = Decision("weight", Use.FEATURE, "40 values", {"kind": "categorical"}, almost)
    most = ignored("paid", "short values", almost=Almost("date", 0.9812, (("a", 12), ("?", 7))))
    lines = lines_of(ignored("x"), some, most, *(numeric(f"n{n}") for n in range(9)))
    assert lines[1:5] == [
        "WARNING: 2 columns are almost numbers or dates: correct the other values in the source, or"
        " make them null, and propose again",
        "  almost a number or a date:",
        "    paid    98.12% are dates; the others look like 'a' 12, '?' 7; ignore: short values",
        "    weight  60.00% are numbers; the others look like '9 a' 400; categorical: 40 values",
    ]
    assert lines[-2:] == ["  ignored:", "    x  constant: one value"]


def test_a_warning_of_a_column_and_a_proposal_of_few_columns_are_told():
    lines = lines_of(
        numeric("a"), ignored("churned", warning="an outcome"), ignored("b"), ignored("c")
    )
    assert lines[1:3] == [
        "WARNING: churned: an outcome",
        "WARNING: 1 of 4 columns decide who is similar: read why the others are ignored",
    ]
    assert not any("WARNING" in line for line in lines_of(numeric("a"), ignored("b")))


def test_a_wide_table_stays_short():
    lines = lines_of(
        *(numeric(f"n{n}") for n in range(700)),
        *(Decision(f"c{n}", Use.FEATURE, "few", {"kind": "categorical"}) for n in range(300)),
        *(ignored("i" * 500 + str(n), "because " * 100, warning="w" * 900) for n in range(500)),
    )
    assert len(lines) < 50
    warned = [line for line in lines if line.startswith("WARNING: ")]
    assert max(map(len, warned)) <= MAX_WARNING
    assert max(len(line) for line in lines if line not in warned) <= MAX_LINE
    assert "    and 988 more: 688 numeric, 300 categorical" in lines
    assert "    and 488 more" in lines


def test_long_names_keep_their_ends():
    long = "how satisfied are you with the service in the last quarter: "
    *_, first, second = lines_of(numeric(f"{long}store"), numeric(f"{long}online"))
    assert first.startswith("    how satisfied are yo…last quarter: store  numeric")
    assert second.startswith("    how satisfied are yo…ast quarter: online  numeric")


def test_names_are_shown_as_they_are_unless_a_terminal_would_obey_them():
    [*_, line] = lines_of(numeric(ODD, f"label {ODD!r}"))
    assert line == f"    {ODD}  numeric: label {ODD!r}"
    [*_, line] = lines_of(numeric("a\x1b[31m\u202eb\r", "label 'x\x07'"))
    assert line == "    a\\x1b[31m\\u202eb\\r  numeric: label 'x\\x07'"


def decisions_of(text, roles):
    return {d.column: d for d in propose("t", roles, read_csv(text.encode(), roles)).decisions}


def test_labels_that_were_ignored_or_say_nothing_are_warned_of():
    rows = "".join(f"{n},{n % 9},yes\n" for n in range(90))
    found = decisions_of(f"id,age,converted\n{rows}", Roles("id", None, ("converted",)))
    assert found["converted"].warning == "a label of one value: no segment differs in it"
    rows = "".join(f"{n},{n % 9},7\n" for n in range(90))
    found = decisions_of(f"id,age,churned\n{rows}", Roles("id"))
    assert "by its name an outcome, and ignored" in found["churned"].warning


def test_an_ignored_column_that_says_most_of_an_outcome_is_warned_of():
    """One of 300 short codes: too many for categories, and half of them churn."""
    rows = "".join(
        f"{n},{n % 7},{'xyz'[n % 300 % 3]}{n % 300},"
        f"{'yes' if (n * 7 % 300 < 150) ^ (n % 11 == 0) else 'no'}\n"
        for n in range(1_500)
    )
    found = decisions_of(f"id,age,shop,churned\n{rows}", Roles("id"))
    assert found["shop"].use is Use.IGNORE
    assert found["shop"].warning.startswith("ignored, and predicts label 'churned' better than")
    assert not found["age"].warning


@pytest.mark.parametrize(
    ("roles", "meant"),
    [
        (Roles("CUSTOMER_ID"), "'customer id'"),
        (Roles("customer id", None, ("Churned",)), "'churn'"),
        (Roles("customer id", "UPDATED_AT"), "'updated at'"),
    ],
)
def test_a_wrong_name_is_answered_with_the_one_that_was_meant(roles, meant):
    wide = "".join(f",c{n}" for n in range(200))
    rows = "".join(f"{n},2024-01-0{n},{'ab'[n % 2]}{',7' * 200}\n" for n in (1, 2))
    text = f"customer id,updated at,churn{wide}\n{rows}"
    with pytest.raises(InferenceError) as caught:
        decisions_of(text, roles)
    message = str(caught.value)
    assert message.endswith(f"c26, and 173 more; did you mean {meant}?")
