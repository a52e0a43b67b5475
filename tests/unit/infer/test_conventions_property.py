"""A random table in a random convention is read back equal, or refused: no value is ever wrong.

``HYPOTHESIS_PROFILE=long`` tries many more.
"""

import csv
import io
import math
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from kindred.infer.files import read_csv
from kindred.infer.proposal import Roles
from unit.text_columns import MARKERS, values_of

ROWS = 120
START = datetime(2004, 1, 1)
ENGLISH = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905
GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
CITIES = (
    "Paris",
    "São Paulo",
    'the "Hague"',
    "Lyon; Rhône",
    "Cork, IE",
    "x|y",
    "New\nYork",
    "2 Ulm",
)
NEGATIVES = {
    "before": "-{}".format,
    "after": "{}-".format,
    "parentheses": "({})".format,
    "unicode": "\N{MINUS SIGN}{}".format,
}


@dataclass(frozen=True)
class Written:
    """How a file writes its values."""

    decimal: str
    thousands: str
    negative: str
    currency: str
    missing: str
    dates: str
    times: str
    separator: str
    encoding: str

    def number(self, value, digits=2):
        text = f"{abs(value):,.{digits}f}".translate(
            {ord(","): self.thousands, ord("."): self.decimal}
        )
        return NEGATIVES[self.negative](text) if value < 0 else text

    def money(self, value):
        text = self.number(value)
        return self.currency.replace("n", text) if self.currency else text

    def day(self, day):
        german = GERMAN.split()
        return self.dates.format(
            d=day,
            english=ENGLISH[day.month - 1],
            german=german[day.month - 1],
            m=day.month,
            n=day.day,
        )

    def moment(self, moment):
        if self.times == "epoch":
            return str(int(moment.replace(tzinfo=UTC).timestamp()))
        if self.times.endswith("Europe/Paris"):
            local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo("Europe/Paris"))
            return f"{local:%Y-%m-%d %H:%M:%S} Europe/Paris"
        return moment.strftime(self.times)


def survives(text, encoding):
    try:
        return bool(text.encode(encoding))
    except UnicodeEncodeError:
        return False


WRITTEN = st.builds(
    Written,
    decimal=st.sampled_from(".,"),
    thousands=st.sampled_from(["", ".", ",", " ", "\u00a0", "\u202f", "'", "\u2019"]),
    negative=st.sampled_from(sorted(NEGATIVES)),
    currency=st.sampled_from(["", "$n", "n €", "€ n", "EUR n", "n CHF", "US$n", "n\u00a0zł"]),
    missing=st.sampled_from(["", *MARKERS, "NULL", "k.A.", "None"]),
    dates=st.sampled_from(
        [
            "{d:%Y-%m-%d}",
            "{d:%d/%m/%Y}",
            "{d:%m/%d/%Y}",
            "{d:%d.%m.%y}",
            "{n}.{m}.{d:%Y}",
            "{m}/{n}/{d:%y}",
            "{d:%Y%m%d}",
            "{d:%Y/%m/%d}",
            "{english} {n}, {d:%Y}",
            "{n}-{english}-{d:%y}",
            "{n}. {german} {d:%Y}",
            "{d:%y-%m-%d}",
            "{n} {english} {d:%Y}",
        ]
    ),
    times=st.sampled_from(
        [
            "%Y-%m-%d %H:%M:%S",
            "%Y-%m-%dT%H:%M:%SZ",
            "%Y-%m-%d %H:%M:%S UTC",
            "%Y-%m-%d %H:%M:%S+00",
            "%d/%m/%Y %H:%M:%S",
            "%m/%d/%Y %I:%M:%S %p",
            "Europe/Paris",
            "epoch",
            "%a, %d %b %Y %H:%M:%S +0000",
            "%Y-%m-%dT%H:%M:%S.000+0000",
            "%Y%m%d%H%M%S",
        ]
    ),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
).filter(
    lambda w: (
        w.decimal != w.thousands
        and all(
            survives(t, w.encoding) for t in (w.thousands + "x", w.currency + "x", w.day(START))
        )
        and (w.encoding != "cp1252" or w.negative != "unicode")
    )
)


def table(written, seed):
    """The names of columns, each with its values and how they are written."""
    draw = random.Random(seed)
    scale = draw.choice([1, 100, 10_000])

    def amount():
        return round(math.exp(draw.gauss(2, 1)) * scale, 2) * draw.choice([1, 1, -1])

    def moment():
        # Not at night, when clocks repeat an hour.
        return START + timedelta(draw.randrange(22 * 365), draw.randrange(4 * 3600, 86_400))

    days = [moment().date() for _ in range(ROWS)]
    made = {
        "amount": ([amount() for _ in range(ROWS)], written.money),
        "ratio": ([draw.randrange(-999, 999) / 100 for _ in range(ROWS)], written.number),
        "units": ([draw.randrange(1, 90_000) for _ in range(ROWS)], lambda v: written.number(v, 0)),
        "plain": ([draw.randrange(1, 400) for _ in range(ROWS)], str),
        "share": (
            [draw.randrange(0, 1000) / 10 for _ in range(ROWS)],
            lambda v: f"{written.number(v, 1)} %",
        ),
        "weight": ([draw.randrange(1, 90) for _ in range(ROWS)], lambda v: f"{v} kg"),
        "signup_date": (days, written.day),
        "seen_at": ([moment() for _ in range(ROWS)], written.moment),
        "active": ([draw.random() < 0.5 for _ in range(ROWS)], lambda v: "yes" if v else "no"),
        "city": ([draw.choice(CITIES) for _ in range(ROWS)], str),
    }
    kept = [name for name in made if draw.random() < 0.7] or ["amount"]
    # Nothing in a file without semicolons shows that 1.234 has thousands, if nothing has decimals.
    if written.separator != ";" and "units" in kept and not {"amount", "ratio", "share"} & {*kept}:
        kept.append("ratio")
    columns = {name: made[name] for name in kept}
    for values, _ in columns.values():
        for place in draw.sample(range(ROWS), draw.choice([0, 1, 12])):
            values[place] = None
    return columns


def content(columns, written):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=written.separator)
    writer.writerow(["customer", *columns])
    for row in range(ROWS):
        cells = [
            written.missing if values[row] is None else write(values[row])
            for values, write in columns.values()
        ]
        writer.writerow([f"c{row}", *cells])
    return file.getvalue().encode(written.encoding)


def same(found, expected):
    if found is None or expected is None:
        return found is expected
    if isinstance(expected, datetime):
        return found.replace(tzinfo=None) == expected
    if isinstance(expected, date):
        return found == expected
    return found == expected


# What nothing in the file may show: the order of a date, a sign of thousands, and a missing city.
MAY_BE_REFUSED = {"signup_date", "seen_at", "units", "city"}


@settings(max_examples=40 if settings().max_examples < 1000 else settings().max_examples)
@given(written=WRITTEN, seed=st.integers(0, 2**32 - 1))
def test_a_table_is_read_back_or_refused(written, seed):
    columns = table(written, seed)
    data = content(columns, written)
    evidence = read_csv(data, Roles("customer"), written.separator)
    for name, (values, write) in columns.items():
        found = evidence.column("columns", name)
        read = values_of(found)
        if all(same(a, b) for a, b in zip(read, values, strict=True)):
            continue
        texts = [None if value is None else write(value) for value in values]
        assert name in MAY_BE_REFUSED, (name, found.type, found.notes, read[:5], texts[:5])
        shown = [
            text if text is not None or read[n] is None else read[n] for n, text in enumerate(texts)
        ]
        assert found.type == "text", (name, found.type, found.notes, read[:5], texts[:5])
        assert read == shown, (name, read[:5], texts[:5])
