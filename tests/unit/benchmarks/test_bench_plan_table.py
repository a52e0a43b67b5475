"""The tables of docs/scale.md are those of the plan."""

import re

from benchmarks import plan_table
from kindred.planning.constants import read_constants


def test_the_document_has_the_tables_of_the_shipped_constants():
    text = plan_table.DOCUMENT.read_text(encoding="utf-8")
    made = plan_table.with_tables(text, read_constants())
    assert text == made, "run: python -m benchmarks.plan_table --write"
    assert made.count("| 100 M |") == 1
    assert "| fits | yes | yes | yes | yes | yes |" in made


def test_the_specs_of_the_examples_exist():
    named = re.findall(r"--spec (\S+)", plan_table.DOCUMENT.read_text(encoding="utf-8"))
    assert named
    assert all((plan_table.ROOT / name).is_file() for name in named), named
