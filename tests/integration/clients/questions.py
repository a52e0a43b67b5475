"""What every client asks, with its own kind of parameters, and how its answers are read."""

import re
from datetime import UTC, datetime

CUSTOMER, AS_OF_DATE = 4, "2018-03-01"
ZONES = ("UTC", "America/New_York", "Asia/Kolkata")  # clocks change in March in the second

LIST = """
select rank, lookalike_id, round(similarity::numeric, 6) as similarity
from bi.lookalikes_current
where customer_id = {customer}
order by rank
"""
JOIN = """
select segments.name, count(*) as lookalikes
from bi.lookalikes_current as found
join bi.clusters_current as members on members.customer_id = found.lookalike_id
join bi.cluster_summary_current as segments using (algorithm, cluster_id)
where found.customer_id = {customer} and algorithm = 'kmeans'
group by segments.name
order by segments.name collate "C"
"""
TIMES = "select as_of, as_of_date from bi.snapshots order by as_of"
PLAN = """
explain (analyze, costs off, timing off, summary off)
select count(*)
from bi.lookalikes
where as_of = (select max(as_of) from bi.snapshots where as_of_date = {as_of_date})
"""
QUERIES = {"list": LIST, "join": JOIN, "times": TIMES, "plan": PLAN}
SCAN = re.compile(r"Scan .*?\bon (customer_lookalikes_\w+)")


def questions(customer, as_of_date):
    """The queries with these placeholders."""
    values = {"customer": customer, "as_of_date": as_of_date}
    return {name: text.format(**values).strip() for name, text in QUERIES.items()}


def rows_of(cells):
    """Numbers as numbers, so that clients with types and without can be compared."""
    return [tuple(_number(cell) for cell in row) for row in cells]


def _number(cell):
    try:
        return round(float(cell), 6)
    except ValueError:
        return cell


def read_partitions(plan):
    """The partitions of lookalikes that were read, by the lines of a plan."""
    lines = [line for line in plan if "never executed" not in line]
    return {found[1] for line in lines if (found := SCAN.search(line))}


def milliseconds(text):
    """Since 1970, of a time with its offset."""
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None, text
    return round(moment.astimezone(UTC).timestamp() * 1000)
