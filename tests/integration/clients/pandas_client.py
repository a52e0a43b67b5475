"""Asks by pandas and SQLAlchemy: questions as JSON on standard input, answers on standard output.

The address is in libpq's variables.
"""

import json
import sys

import pandas as pd
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL


def main() -> None:
    """Answer all questions."""
    asked = json.load(sys.stdin)
    queries, zones = asked["queries"], asked["zones"]
    customer = {"customer": asked["customer"]}
    url = URL.create("postgresql+psycopg2")
    answers = {"times": {}}
    with create_engine(url).connect() as session:
        for name in ("list", "join"):
            frame = pd.read_sql(text(queries[name]), session, params=customer)
            answers[name] = [list(map(str, row)) for row in frame.itertuples(index=False)]
        day = {"as_of_date": asked["as_of_date"]}
        plan = pd.read_sql(text(queries["plan"]), session, params=day)
        answers["plan"] = plan.iloc[:, 0].tolist()
    for zone in zones:
        engine = create_engine(url, connect_args={"options": f"-c TimeZone={zone}"})
        with engine.connect() as session:
            # Offsets differ where clocks change: one column of times has to be in one zone.
            frame = pd.read_sql(
                text(queries["times"]), session, parse_dates={"as_of": {"utc": True}}
            )
        assert str(frame["as_of"].dt.tz) == "UTC"
        answers["times"][zone] = [
            [moment.isoformat(), str(day)]
            for moment, day in zip(frame["as_of"], frame["as_of_date"], strict=True)
        ]
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
