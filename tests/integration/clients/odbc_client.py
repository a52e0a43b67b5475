"""Asks by ODBC: questions as JSON on standard input, answers on standard output.

The address is in libpq's variables; the driver's file is the first argument.
"""

import datetime
import json
import os
import sys
from zoneinfo import ZoneInfo

import pyodbc


def main() -> None:
    """Answer all questions."""
    asked = json.load(sys.stdin)
    queries = asked["queries"]
    day = datetime.date.fromisoformat(asked["as_of_date"])
    answers = {"times": {}}
    session = _connect("UTC").cursor()
    for name in ("list", "join"):
        rows = session.execute(queries[name], asked["customer"]).fetchall()
        answers[name] = [list(map(str, row)) for row in rows]
    answers["plan"] = [line for (line,) in session.execute(queries["plan"], day).fetchall()]
    for zone in asked["zones"]:
        rows = _connect(zone).cursor().execute(queries["times"]).fetchall()
        # ODBC has no type for a time with its zone: what arrives is the clock of the session.
        answers["times"][zone] = [
            [as_of.replace(tzinfo=ZoneInfo(zone)).isoformat(), str(date)] for as_of, date in rows
        ]
    print(json.dumps(answers))


def _connect(zone: str) -> pyodbc.Connection:
    names = {"Servername": "HOST", "Port": "PORT", "Database": "DATABASE", "UID": "USER"}
    place = {key: os.environ[f"PG{name}"] for key, name in names.items()}
    return pyodbc.connect(
        DRIVER=sys.argv[1],
        PWD=os.environ["PGPASSWORD"],
        ConnSettings=f"SET TimeZone='{zone}'",
        **place,
    )


if __name__ == "__main__":
    main()
