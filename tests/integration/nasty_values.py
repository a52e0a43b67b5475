"""Values that a source may hold and that are no usual ones, column by column: usable, or not."""

from dataclasses import dataclass

MEGABYTE = 1_000_000
STRANGE_TEXTS = (
    "",
    " ",
    "\t\n",
    "NULL",
    "null",
    "\\N",
    "\\.",
    "\\x00",
    "\\u0000",
    "\\ud800",
    "'; drop table customers; --",
    '"quoted", twice',
    "%s %(name)s {braces} $1",
    "\x01\x7f\x85",
    "\ufeffmarked",
    "\ufffe\uffff\U0010ffff",
    "\u202eback",
    "a\u200db",
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "e\N{COMBINING ACUTE ACCENT}",
    "\N{GRINNING FACE}" * 40,
    "\N{ARABIC LIGATURE BISMILLAH AR-RAHMAN AR-RAHEEM}" * 200,
    "line\nline\r\nline",
    "nan",
    "true",
)


@dataclass(frozen=True)
class Column:
    """A column of the source: what is usual, what is strange and can be used, what cannot."""

    definition: str
    kind: str | None  # None for a label, which takes what there is
    usual: tuple[str | None, ...]
    usable: tuple[str | None, ...]
    unusable: tuple[str, ...] = ()


COLUMNS = {
    "amount": Column(
        "double precision",
        "numeric",
        ("10.5", "200", "-3", "41.25"),
        (None, "0", "-0", "1e37", "-1e37", "4.9e-324", "-1e-310"),
        ("NaN", "Infinity", "-Infinity", "1e300", "-1.7e308", "1.000001e37"),
    ),
    "price": Column(
        "numeric",
        "numeric",
        ("9.99", "19.90", "100", "0.50"),
        (None, "0", "1e-400", "-1e-16000", "9" * 37, "1." + "3" * 2_000),
        ("NaN", "Infinity", "-Infinity", "1e38", "-1e131071"),
    ),
    "score": Column(
        "real",
        "numeric",
        ("0.5", "0.75", "1"),
        (None, "1e-45", "-0", "9.9e36"),
        ("NaN", "Infinity", "3.4e38", "-2e37"),
    ),
    "written": Column(
        "text",
        "numeric",
        ("12", "15.5", " 7 "),
        (None, "", "  ", "+7.", "-.5E-3", "1e5", "1e37", "0e99", "000012"),
        (
            "abc",
            "1,234.50",
            "NaN",
            "inf",
            "0x10",
            "1e38",
            "1e999",
            "1e-999",
            "1_000",
            "--1",
            "\t1",
            "9" * MEGABYTE,
            "\N{FULLWIDTH DIGIT NINE}",
            "\N{ARABIC-INDIC DIGIT THREE}",
            "1\n2",
        ),
    ),
    "flag": Column("boolean", "boolean", ("true", "false"), (None,)),
    "said": Column(
        "text",
        "boolean",
        ("yes", "no"),
        (None, "", "  ", " YES ", "F", "0", "1", "True", "n"),
        (
            "maybe",
            "2",
            "oui",
            "yes\N{NO-BREAK SPACE}",
            "\N{FULLWIDTH LATIN SMALL LETTER Y}",
            "t" * MEGABYTE,
            "\\x01",
        ),
    ),
    "code": Column("integer", "boolean", ("0", "1"), (None,), ("2", "-1", "2147483647")),
    "plan": Column(
        "text", "categorical", ("gold", "silver", "free"), (None, *STRANGE_TEXTS, "p" * MEGABYTE)
    ),
    "note": Column(
        "text",
        "text",
        ("fast delivery", "late delivery again", "good price and fast", "never again"),
        (None, *STRANGE_TEXTS, "fast and good " * (MEGABYTE // 14), "w" * MEGABYTE),
    ),
    "born": Column(
        "date",
        "date",
        ("1980-05-06", "1999-12-31", "2000-02-29"),
        (None, "1900-01-01", "9999-12-31"),
        (
            "infinity",
            "-infinity",
            "0001-01-01",
            "5874897-12-31",
            "4713-01-01 BC",
            "1899-12-31",
            "10000-01-01",
        ),
    ),
    "seen": Column(
        "timestamptz",
        "date",
        ("2025-05-06 10:00+02", "2024-12-31 00:00Z"),
        (None, "1900-01-01 00:00Z", "9999-12-31 23:59:59.999999Z"),
        ("infinity", "294276-12-31 23:59:59.999999Z", "0044-03-15 12:00Z BC", "1899-12-31 23:59Z"),
    ),
    "details": Column(
        "json",
        None,
        ('{"a": 1}', "{}"),
        (None, '"\\ud800"', '"\\u0000"', '{"a\\u0000": [1e400]}', "null", "[" * 900 + "]" * 900),
    ),
    "value": Column("double precision", None, ("1", "2.5"), (None, "NaN", "-Infinity", "1e308")),
    "place": Column("point", None, ("(1,2)",), (None, "(NaN,0)", "(Infinity,1e-320)")),
    "steps": Column("json[]", None, ("{}",), (None, '{"\\"\\\\ud800\\"",1}', "{NULL}")),
    "path": Column("jsonpath", None, ("$.a",), (None, '$."\\\\x"')),
}


@dataclass(frozen=True)
class Times:
    """A type of the time of change: times that land, times that come later, times that are none."""

    definition: str
    usual: tuple[str, ...]
    usable: tuple[str, ...]
    later: tuple[str, ...]
    unusable: tuple[str | None, ...]


TIMES = {
    "timestamptz": Times(
        "timestamptz",
        ("2026-01-10 10:00Z", "2026-01-11 23:00-05", "2026-01-20 00:00+14"),
        ("0001-01-01 00:00Z", "4713-01-01 00:00Z BC", "2026-02-01 01:59:59.999999Z"),
        ("2026-02-01 02:00Z", "2030-01-01 00:00Z", "294276-12-31 23:59:59.999999Z"),
        (None, "infinity", "-infinity"),
    ),
    "timestamp": Times(
        "timestamp",
        ("2026-01-10 10:00", "2026-01-11 23:00", "2026-01-20 00:00"),
        ("0001-01-01 00:00", "2025-03-09 02:30", "2025-11-02 01:30", "2026-01-31 20:59:59"),
        ("2026-01-31 21:00", "9999-12-31 23:59:59", "294276-12-31 23:59:59.999999"),
        (None, "infinity", "-infinity", "4713-01-01 00:00 BC"),
    ),
    "date": Times(
        "date",
        ("2026-01-10", "2026-01-11", "2026-01-20"),
        ("0001-01-01", "1582-10-10", "2026-02-01"),
        ("2026-02-02", "9999-12-31", "294277-01-01", "5874897-12-31"),
        (None, "infinity", "-infinity", "4713-01-01 BC"),
    ),
}
KEYS = {
    "bigint": ("-9223372036854775808", "9223372036854775807", "0", "-1"),
    "uuid": ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffff00"),
    "text": (
        *dict.fromkeys(STRANGE_TEXTS[3:20]),
        "x" * 255,
        "\N{LATIN SMALL LETTER E WITH ACUTE}" * 127,
        "a ",
        "a",
        "A",
        "0",
        "00",
    ),
}
UNUSABLE_KEYS = {
    "bigint": (),
    "uuid": (),
    "text": (*STRANGE_TEXTS[:3], "x" * 256, "k" * MEGABYTE, "\N{GRINNING FACE}" * 64),
}
