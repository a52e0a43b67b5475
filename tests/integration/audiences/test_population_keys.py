"""Ids of populations in spaces whose keys are texts or UUIDs."""

import pytest

from integration.audiences.audience_scene import (
    BY_QUERY,
    COLUMNS,
    FIRST_NIGHT,
    audiences_in,
    customers,
    write_audiences,
)
from integration.audiences.population_scene import SPEC, Resolver
from kindred.audiences.csv_lines import csv_lines
from kindred.errors import AudienceError


@pytest.mark.texts
def test_ids_are_written_as_the_keys_of_the_space_are(laboratory, tmp_path):
    laboratory.query("create extension citext", source=True)
    rows = [(f"Key{row[0]}", *row[1:]) for row in customers(60)]
    laboratory.fill("customers", COLUMNS.replace("customer_id bigint", "customer_id citext"), rows)
    (tmp_path / "made.yaml").write_text("")
    (tmp_path / "ids.txt").write_text("".join(f"KEY{number} \n" for number in range(1, 31)))
    write_audiences(tmp_path / "read", {"made": BY_QUERY})
    with audiences_in(tmp_path / "read"):
        laboratory.run(SPEC, FIRST_NIGHT, until="plan_graph")
    resolve = Resolver(tmp_path)
    texts = "select 'key' || i from generate_series(1, 25) as numbers (i) union all select 'kEY1'"
    assert (found := resolve(laboratory, {"seed": {"query": texts}})).given == 25
    assert len(found.seeds) == 25
    assert len(resolve(laboratory, {"seed": {"file": "ids.txt"}}).seeds) == 30
    longer = f"{texts} union all select repeat('k', 300)"
    found = resolve(laboratory, {"seed": {"query": longer}})
    assert (found.given, found.known) == (26, 25)


ODD_KEYS = ["=1+1", "'=1+1", "-a", "b ", "b", " c", "\t@d", "e;f", 'g"h', "'i'", "j k"]


@pytest.mark.texts
def test_texts_are_keys_exactly_as_they_are_written(laboratory, tmp_path):
    """The file of an export gives its customers back; other blanks are forgiven, and told."""
    rows = [
        (ODD_KEYS[i] if i < len(ODD_KEYS) else f"key{i}", *row[1:])
        for i, row in enumerate(customers(60))
    ]
    laboratory.fill("customers", COLUMNS.replace("customer_id bigint", "customer_id text"), rows)
    laboratory.run(SPEC, FIRST_NIGHT, until="plan_graph")
    resolve = Resolver(tmp_path)
    embeddings = resolve.night(laboratory)[1]
    everybody = embeddings.key_type.to_python(embeddings.customers)
    (tmp_path / "made.yaml").write_text("")
    keys = [row[0] for row in rows[:30]]
    (tmp_path / "ids.csv").write_bytes(csv_lines(["customer_id", *keys]))
    found = resolve(laboratory, {"seed": {"file": "ids.csv"}})
    assert {everybody[row] for row in found.seeds} == set(keys)
    assert (found.given, found.known, found.warnings) == (30, 30, ())
    typed = [*(f" {key}\t" for key in keys[11:]), "'=1+1", "b ", "b  ", "nobody ", "nobody", "c "]
    (tmp_path / "ids.csv").write_text("".join(f"{line}\n" for line in typed))
    found = resolve(laboratory, {"seed": {"file": "ids.csv"}}, full_extract=True)
    assert {everybody[row] for row in found.seeds} == {*keys[11:], "=1+1", "b ", "b"}
    assert (found.given, found.known) == (25, 22)
    assert found.warnings == (
        "20 ids of 'seed' were found in another spelling: without blanks at their ends, or with the"
        " apostrophe in front",
    )
    stored = laboratory.query(
        "select customer_id from kindred.audience_ids where audience = 'typed'"
    )
    assert not {("nobody ",), ("c ",), ("c",)} & set(stored)


@pytest.mark.bare
def test_uuids_are_keys_however_they_are_typed(laboratory, tmp_path):
    def key(number):
        return f"00000000-0000-4000-8000-{number:012x}"

    rows = [(key(row[0]), *row[1:]) for row in customers(60)]
    laboratory.fill("customers", COLUMNS.replace("customer_id bigint", "customer_id uuid"), rows)
    laboratory.run(SPEC, FIRST_NIGHT, until="plan_graph")
    (tmp_path / "made.yaml").write_text("")
    ids_of = [key(number).upper() for number in range(1, 26)]
    (tmp_path / "ids.txt").write_text("\n".join(["customer_id", *ids_of, "nobody"]))
    resolve = Resolver(tmp_path)
    found = resolve(laboratory, {"seed": {"file": "ids.txt"}})
    assert (found.given, found.known) == (26, 25)
    assert found.warnings == ("1 ids of 'seed' can be no keys of type uuid",)
    found = resolve(laboratory, {"seed": {"query": "select customer_id from customers limit 30"}})
    assert found.known == 30
    with pytest.raises(AudienceError, match="is of type integer, but customers have keys of type"):
        resolve(laboratory, {"seed": {"query": "select 1"}})
