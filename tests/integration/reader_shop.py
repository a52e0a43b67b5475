"""A published night that the tests of what readers reach share, and their login."""

from contextlib import closing
from functools import partial

import psycopg2

from integration.bi_login import cursor_of
from integration.warehouse import Laboratory, make_spec
from kindred.preparation import preflight
from kindred.run.findings import Outcome
from kindred.spec.model import Spec

READER = "reader_of_tests"
AS_OF, EARLIER, CUSTOMERS = "2026-01-22T02:00", "2026-01-21T02:00", 200
SPEC = make_spec(clustering={"algorithms": ["kmeans"]})

reader = partial(cursor_of, role=READER)


def execute(dsn: str, *statements: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)


def name_of(shop: Laboratory) -> str:
    """The warehouse's database."""
    return str(psycopg2.extensions.parse_dsn(shop.warehouse_dsn)["dbname"])


def findings(shop: Laboratory, check: str, spec: Spec = SPEC) -> list[tuple[Outcome, str]]:
    """What preflight finds in one of its checks."""
    deployment = shop.deployment
    with deployment.source(spec, "test") as origin, deployment.warehouse("test") as warehouse:
        found = preflight.inspect(spec, deployment, origin, warehouse).findings
    return [(f.outcome, f.message) for f in found if f.check == check]
