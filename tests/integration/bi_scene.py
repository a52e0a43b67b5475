"""A published warehouse that BI tools reach as they do in life: over TCP, as a reader, by password.

Three monthly snapshots of a part of the demo's customers. Before the last one some have changed
their income, and a few rows cannot be used.
"""

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2

from databases import administer, create_owner
from integration.warehouse import Laboratory
from kindred.spec.model import Spec, spec_from_dict
from local.demo import KEY, TABLE, UPDATED_AT, customer_columns, demo_data_set
from local.postgres import OWNER, EmbeddedServer
from local.tables import SourceTable, load_table

CUSTOMERS = 2_400
DATABASE, LOGIN = "warehouse", "bi_tool"
AS_OFS = ("2018-02-01T02:00", "2018-03-01T02:00", "2018-04-01T02:00")
CHANGES = (
    "update customers set annual_income = annual_income * 0.3, updated_at = '2018-03-15 12:00Z'"
    " where updated_at < '2018-03-01' and customer_id % 6 = 0",
    "update customers set debt_to_income = 'infinity', updated_at = '2018-03-16 12:00Z'"
    " where updated_at < '2018-03-01' and customer_id % 97 = 1",
)


@dataclass(frozen=True)
class Scene:
    """Where the warehouse is, and the login that may read ``bi`` in it."""

    server: EmbeddedServer
    spec: Spec
    port: int
    password: str

    @property
    def uri(self) -> str:
        """The address that a person types; the password is not in it."""
        return f"postgresql://{LOGIN}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def environment(self) -> dict[str, str]:
        """What libpq, and what stands on it, needs to connect."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGDATABASE": DATABASE,
            "PGUSER": LOGIN,
            "PGPASSWORD": self.password,
        }

    def read(self, query: str) -> list[tuple[object, ...]]:
        """Rows of a query by the login."""
        connection = psycopg2.connect(self.uri, password=self.password)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall()
        finally:
            connection.close()

    def administer(self, *statements: str) -> None:
        """Run statements as the superuser, in the warehouse."""
        dsn = self.server.dsn(DATABASE, "postgres") + f"&port={self.port}"
        connection = psycopg2.connect(dsn)
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)
        connection.close()


def newest_environment(root: Path, name: str) -> Path | None:
    """The environment of other tools that the checkout ``root`` made last; None without one."""
    made = sorted((root / "build").glob(f"{name}-*/made"), key=lambda path: path.stat().st_mtime)
    return made[-1].parent if made else None


@contextmanager
def published_scene(server: EmbeddedServer, root: Path, artefacts: Path) -> Iterator[Scene]:
    """Fill a server that has just been started; ``root`` is the checkout."""
    create_owner(server)
    for name in ("shop", DATABASE):
        administer(
            server,
            f"create database {name} owner {OWNER}",
            f"alter database {name} set search_path = public, vector",
            f"revoke temporary on database {name} from public",
        )
    spec = _publish(Laboratory(server.dsn("shop"), server.dsn(DATABASE), artefacts), root)
    password = secrets.token_urlsafe(12)
    administer(
        server,
        "set password_encryption = 'scram-sha-256';"
        f" create role {LOGIN} login in role bi_reader password '{password}'",
    )
    scene = Scene(server, spec, _listen(server), password)
    try:
        yield scene
    finally:
        server.stop()


def _publish(laboratory: Laboratory, root: Path) -> Spec:
    columns = [replace(column, values=column.values[:CUSTOMERS]) for column in customer_columns()]
    load_table(laboratory.source_dsn, SourceTable(TABLE, columns, KEY, UPDATED_AT))
    spec = demo_data_set(root / "include" / "features").spec
    content = spec.model_dump(mode="json", exclude_unset=True)
    content["clustering"] = {
        "algorithms": ["kmeans", "hdbscan"],
        "kmeans": {"k": 6},
        "hdbscan": {"min_cluster_size": 40, "min_samples": 5},
    }
    content["gates"] = {"max_drift": 100.0}
    spec = spec_from_dict(content, where="scene")
    laboratory.fit(spec, AS_OFS[0])
    for as_of in AS_OFS:
        if as_of == AS_OFS[-1]:
            for statement in CHANGES:
                laboratory.query(statement, source=True)
        laboratory.run(spec, as_of)
    return spec


def _listen(server: EmbeddedServer) -> int:
    """Restart the server so that it listens on a free port, where it asks for passwords."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    rules = server.pgdata / "pg_hba.conf"
    owner = rules.stat()
    rules.write_text(f"local all all trust\nhost all {LOGIN} 127.0.0.1/32 scram-sha-256\n")
    os.chown(rules, owner.st_uid, owner.st_gid)
    administer(
        server,
        "alter system set listen_addresses = '127.0.0.1'",
        f"alter system set port = {port}",
        # What the login runs is in the log, with its name.
        "alter system set log_line_prefix = '%u: '",
        f"alter role {LOGIN} set log_statement = 'all'",
    )
    server.stop()
    # Where psycopg2 looks for the server of a URI without a port.
    before = os.environ.get("PGPORT")
    os.environ["PGPORT"] = str(port)
    try:
        server.start()
    finally:
        if before is None:
            del os.environ["PGPORT"]
        else:
            os.environ["PGPORT"] = before
    _wait_for(port)
    return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on port {port}"
            time.sleep(0.1)
        else:
            return
