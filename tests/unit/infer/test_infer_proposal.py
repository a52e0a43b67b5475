"""From a file to the text of a spec, and which interval it is run for."""

import re
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import yaml

from kindred.errors import InferenceError, WindowError
from kindred.infer.columns import Column
from kindred.infer.files import newest_moment, read_csv
from kindred.infer.kinds import Decision, Use
from kindred.infer.proposal import Roles, propose
from kindred.infer.propose import ProposalRequest, TextFormat, propose_from_file
from kindred.infer.rendering import render
from kindred.infer.schedule import schedule_for, window_for
from kindred.infer.summary import summary
from kindred.infer.widths import fit_width
from kindred.spec.features import Kind
from kindred.spec.model import load_spec
from unit.text_columns import typed, values_of

RNG = np.random.default_rng(5)


def made(rows=400):
    """A file with a column of most kinds."""
    lines = ["id,age,active,city,income,joined,review,useless,churn,closing_code"]
    for number in range(rows):
        churn = number % 3 == 0
        lines.append(
            f"{1000 + 3 * number},{18 + number % 61},{number % 2},{'ABC'[number // 7 % 3]}o,"
            f"{np.exp(RNG.normal(10, 1)):.2f},2024-01-{1 + number % 28:02d},"
            f'"this is, number {number}, a long text for everybody to read",x,'
            f"{'yes' if churn else 'no'},{number % 2 + 2 * churn}"
        )
    return "\n".join(lines).encode()


def text_of(data, roles, **options):
    return render(propose("public.made", roles, read_csv(data, roles), **options), "made.csv")


def spec_of(tmp_path, text):
    path = tmp_path / "made.yaml"
    path.write_text(text, encoding="utf-8")
    return load_spec(path)


def test_a_proposal_is_a_valid_spec(tmp_path):
    text = text_of(made(), Roles("id", "joined", ("churn",)))
    spec = spec_of(tmp_path, text)
    assert (spec.source.table, spec.source.key) == ("public.made", "id")
    assert (spec.source.updated_at, spec.labels) == ("joined", ("churn",))
    assert (spec.schedule, spec.metric, spec.k) == ("0 2 * * *", "l2", 10)
    assert spec.features["age"].kind is Kind.NUMERIC
    assert spec.features["active"].kind is Kind.BOOLEAN
    assert spec.features["city"].kind is Kind.CATEGORICAL
    assert {"useless", "closing_code", "churn", "joined"}.isdisjoint(spec.payload_columns[:-1])


def test_every_line_of_a_column_says_why():
    text = text_of(made(), Roles("id", "joined", ("churn",)))
    for name in ("id", "age", "active", "city", "income", "review", "useless", "closing_code"):
        line = next(
            line for line in text.splitlines() if f"{name}:" in line or f"key: {name}" in line
        )
        assert line.partition("#")[2].strip(), line
    assert "useless: ignore" in text
    assert "suspected leak: predicts label 'churn' by itself" in text
    assert "transform: log1p" in text


def test_a_suspected_label_is_held_out_without_being_asked_for():
    content = yaml.safe_load(text_of(made(), Roles("id")))
    assert content["labels"] == ["churn"]
    assert content["source"]["updated_at"] == "none"
    assert "# suspected label" in text_of(made(), Roles("id"))


def test_names_that_yaml_or_people_could_take_for_something_else(tmp_path):
    names = ["no", "null", "12", "a: b # c", "- x", "'q\"", "🎉", "[b]", "2024-01-01", "{x}"]
    rows = [",".join(str((row * (column + 1)) % 11) for column in range(10)) for row in range(200)]
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    data = "\n".join([f"id,{header}", *(f"{n},{row}" for n, row in enumerate(rows))]).encode()
    spec = spec_of(tmp_path, text_of(data, Roles("id")))
    assert set(spec.features) == set(names)


def test_columns_with_kindreds_own_names_are_left_out(tmp_path):
    data = b"nr,customer_id,is_deleted,age\n" + b"".join(
        b"%d,7,%d,%d\n" % (n, n % 2, n % 9) for n in range(99)
    )
    text = text_of(data, Roles("nr"))
    assert set(spec_of(tmp_path, text).features) == {"age"}
    assert "# is_deleted: ignore" in text


@pytest.mark.parametrize("rows", [2, 3, 10, 49, 50, 400])
def test_settings_fit_the_number_of_rows(tmp_path, rows):
    spec = spec_of(tmp_path, text_of(made(rows), Roles("id")))
    assert 1 <= spec.k == min(10, rows - 1)
    assert 1 <= spec.clustering.kmeans.k < rows
    assert ("hdbscan" in spec.clustering.algorithms) == (rows >= 50)
    assert spec.clustering.hdbscan.min_samples <= spec.clustering.hdbscan.min_cluster_size


REFUSED = {
    "no such key": (Roles("nr"), r"^key: there is no column 'nr'; the columns are id, age, active"),
    "no such label": (Roles("id", None, ("gone",)), "^labels: there is no column 'gone'"),
    "no such time": (Roles("id", "gone"), "^updated_at: there is no column 'gone'"),
    "a time that is none": (
        Roles("id", "city"),
        "^updated_at: column 'city' .* row 1 is the first",
    ),
    "a key that is none": (Roles("city"), "^key: column 'city' does not identify the rows"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_roles_that_do_not_fit_are_refused(case):
    roles, message = REFUSED[case]
    with pytest.raises(InferenceError, match=message):
        text_of(made(), roles)


def test_one_row_is_too_few():
    with pytest.raises(InferenceError, match=r"^rows: 1 found, but similarity needs at least two"):
        text_of(made(1), Roles("id"))


def test_a_table_of_which_nothing_can_be_encoded_is_refused():
    with pytest.raises(InferenceError, match=r"^columns: none can be encoded \(a: constant"):
        text_of(b"id,a\n1,x\n2,x\n3,x\n", Roles("id"))
    with pytest.raises(InferenceError, match="there is no other column"):
        text_of(b"id\n1\n2\n", Roles("id"))


def test_the_wrong_separator_is_guessed_at():
    with pytest.raises(InferenceError, match=r"the columns are id;age; is ',' the separator\?"):
        read_csv(b"id;age\n1;2\n", Roles("id"), ",")


def test_row_numbers_are_added_on_request():
    evidence = read_csv(b"a,b\nx,1\ny,2\n", Roles("row_number"))
    assert [column.name for column in evidence.columns] == ["row_number", "a", "b"]
    assert values_of(evidence.columns[0]) == [1, 2]
    given = read_csv(b"row_number,b\n7,1\n9,2\n", Roles("row_number"))
    assert values_of(given.columns[0]) == [7, 9]


def test_keys_that_repeat_with_the_time_are_versions():
    rows = "".join(f"{n // 2},2024-01-{1 + n % 2:02d},{n % 7}\n" for n in range(100))
    content = yaml.safe_load(text_of(f"id,at,age\n{rows}".encode(), Roles("id", "at")))
    assert content["source"]["history"] == "versions"


def test_a_few_repeated_keys_are_announced_and_equal_rows_do_not_count():
    rows = [f"{n},{n % 7}" for n in range(100)]
    repeated = "id,age\n" + "\n".join([*rows, "5,6", *rows[10:50]])
    assert "2 rows that share a key will be rejected" in text_of(repeated.encode(), Roles("id"))
    for content, said in (
        (
            repeated,
            "1.4% of the rows will be rejected: 100 distinct in 141 rows: 2 rows that share",
        ),
        (repeated + "\n,7", "2.1% of the rows will be rejected: .*: 2 .*; 1 rows without a key"),
    ):
        made = propose("public.t", Roles("id"), read_csv(content.encode(), Roles("id")))
        assert re.search(f"^WARNING: key id: {said}", "\n".join(summary(made)), re.MULTILINE)
    unique = propose(
        "public.t", Roles("id"), read_csv("\n".join(["id,age", *rows]).encode(), Roles("id"))
    )
    assert "WARNING: key" not in "\n".join(summary(unique))


KEYS = {
    "by its name": ("id,age,spend", "id"),
    "by its name in German": ("Kundennummer,age,spend", "Kundennummer"),
    "by its values": ("who,age,spend", "who"),
    "two by name": ("id,age,order_id", "'id', 'order_id' are unique: name the column"),
    "none": ("age,plan,band", "no column is unique and without nulls, of age, plan, band"),
}


@pytest.mark.parametrize("case", KEYS)
def test_the_key_of_a_file_is_detected_if_only_one_column_can_be_it(case, tmp_path):
    header, expected = KEYS[case]
    first = "{:08x}-0000-4000-8000-000000000000" if header.startswith("who") else "{}"
    rows = [(first.format(n * 37), n % 50, f"{n * 7919 % 9973 + 10_000}") for n in range(90)]
    if case == "none":
        rows = [(n % 50, n % 3, n % 7) for n in range(90)]
    path = tmp_path / "people.csv"
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]))
    if " " in expected:
        with pytest.raises(InferenceError, match=expected):
            propose_from_file(path, ProposalRequest(None), TextFormat())
        return
    text, proposal = propose_from_file(path, ProposalRequest(None), TextFormat())
    assert yaml.safe_load(text)["source"]["key"] == expected
    assert proposal.notes[0].startswith(f"the key is '{expected}', the only column")


def test_times_by_their_day_in_one_number_are_read():
    evidence = read_csv(b"id,at\n1,20240131\n2,\n", Roles("id", "at"))
    assert newest_moment(evidence.columns[1]) == datetime(2024, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("text", ["20240131", "1706659200", "45322"])
def test_the_role_of_a_time_says_what_its_numbers_are(text):
    evidence = read_csv(f"id,stand\n1,{text}\n2,\n".encode(), Roles("id", "stand"))
    assert newest_moment(evidence.columns[1]) == datetime(2024, 1, 31, tzinfo=UTC)


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_newest_moment_counts_in_its_time_zone():
    column = typed("at", ["2024-01-01T12:00", "", "2024-01-02T12:00"])
    assert newest_moment(column) == moment("2024-01-02T12:00")
    assert newest_moment(column, "Asia/Tokyo") == moment("2024-01-02T03:00")
    assert newest_moment(typed("at", ["", ""])) is None


NOW = moment("2026-03-10T12:30:30")


@pytest.mark.parametrize(
    ("newest", "schedule", "end"),
    [
        (None, "0 2 * * *", "2026-03-10T02:00"),
        (moment("2014-06-29"), "0 2 * * *", "2014-06-29T02:00"),
        (moment("2026-03-10T01:59:59.9"), "0 2 * * *", "2026-03-10T02:00"),
        (moment("2026-03-09T02:00"), "0 2 * * *", "2026-03-10T02:00"),
        (moment("2026-03-10T02:00"), "0 * * * *", "2026-03-10T03:00"),
        (moment("2026-03-10T11:59"), "0 * * * *", "2026-03-10T12:00"),
        (moment("2026-03-10T12:00"), "* * * * *", "2026-03-10T12:01"),
        (moment("2026-03-10T12:29:59"), "* * * * *", "2026-03-10T12:30"),
    ],
)
def test_the_schedule_takes_in_the_newest_row_by_now(newest, schedule, end):
    assert schedule_for(newest, NOW) == schedule
    window = window_for(schedule, newest, NOW)
    assert window.end == moment(end)
    assert window.start < window.end


def test_a_row_of_the_future_is_refused():
    with pytest.raises(WindowError, match="lies in the future"):
        schedule_for(moment("2026-03-10T12:30:31"), NOW)
    with pytest.raises(WindowError, match="from the current minute"):
        schedule_for(moment("2026-03-10T12:30:10"), NOW)
    with pytest.raises(WindowError, match="includes the newest row only at 2026-04-01T02:00:00"):
        window_for("0 2 1 * *", moment("2026-03-10"), NOW)
    for newest in ("9999-12-31T23:59:59", "9999-12-31T01:00"):
        with pytest.raises(WindowError, match="lies in the future"):
            schedule_for(moment(newest), NOW)
        with pytest.raises(WindowError, match=r"9999-12-31.* in the future .*correct the rows"):
            window_for("0 2 * * *", moment(newest), NOW)


def wide(columns, rows=200):
    """A file of category columns of 40 values each."""
    header = ",".join(["id", *(f"c{n}" for n in range(columns))])
    lines = [f"{n}," + ",".join([f"v{(n * 7 + n // 40) % 40}"] * columns) for n in range(rows)]
    return "\n".join([header, *lines]).encode()


def test_a_vector_too_wide_for_an_index_is_made_narrower(tmp_path):
    assert "max_categories" not in text_of(wide(20), Roles("id"))
    features = spec_of(tmp_path, text_of(wide(60), Roles("id"))).features
    assert {feature.max_categories for feature in features.values()} == {20}


@pytest.mark.soak
def test_a_table_that_is_too_wide_gets_its_proposal_with_what_is_cut(tmp_path):
    text = text_of(wide(700), Roles("id"))
    assert {f.max_categories for f in spec_of(tmp_path, text).features.values()} == {1}
    said = "left out to fit: 700 columns would make 2,100 dimensions and rows of 4,900 bytes"
    assert text.count(said) == 34
    assert "c699: ignore" in text  # the last of equal columns


def test_columns_that_are_hardly_filled_are_cut_first_and_rows_fit_a_page():
    codes = np.arange(90, dtype=np.int32)
    numbers = np.arange(90.0)
    columns = [Column(f"x{n}", "bigint", pa.array(range(90)), codes, numbers) for n in range(990)]
    gaps = np.where(codes % 3, codes, -1).astype(np.int32)
    columns.insert(1, Column("gaps", "bigint", pa.array(range(90)), gaps, numbers))
    features = [Decision(c.name, Use.FEATURE, "numbers", {"kind": "numeric"}) for c in columns]
    decisions = fit_width(features, {column.name: column for column in columns})
    assert [d.column for d in decisions] == [c.name for c in columns]
    cut = [d for d in decisions if d.use is Use.IGNORE]
    assert [d.column for d in cut] == ["gaps", *(f"x{n}" for n in range(950, 990))]
    assert "991 columns would make 1,982 dimensions and rows of 7,928 bytes" in cut[0].reason
