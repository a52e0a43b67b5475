"""A night up to the vectors, and who resolves audiences for it."""

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from integration.audiences.audience_scene import (
    BY_QUERY,
    FIRST_NIGHT,
    audiences_in,
    scene_spec,
    write_audiences,
)
from kindred.audiences.resolution import populations_of
from kindred.encoding.vectors import read_embeddings
from kindred.spec.audience_reader import audience_from_dict

SPEC = scene_spec()
EVERYBODY = "select customer_id from customers"


def encode(laboratory, folder):
    """Run the night up to the vectors; the files it reads are written into ``folder``."""
    laboratory.query("create sequence numbers", source=True)
    laboratory.query("create view contacted_ids as select customer_id from contacted", source=True)
    write_audiences(
        folder,
        {"made": BY_QUERY, "responders": BY_QUERY, "elsewhere": {**BY_QUERY, "space": "other"}},
    )
    (folder / "broken.yaml").write_text("seed: {querry: select 1}\n")
    (folder / "ids.csv").write_text(
        "\ufeffid;customer_id\r\n" + "".join(f"x;{i}\r\n" for i in range(1, 41))
    )
    with audiences_in(folder):
        laboratory.run(SPEC, FIRST_NIGHT, until="plan_graph")
    return laboratory


class Resolver:
    """Resolve an audience of the given content for the night; further arguments change the run.

    In the main thread all do so in one session of a laboratory: most of a resolution is to open it.
    """

    def __init__(self, folder):
        self.folder = folder
        self.nights = {}
        self.sessions = {}

    def close(self):
        """Close the sessions, so that a laboratory can be copied."""
        while self.sessions:
            self.sessions.popitem()[1].close()

    def night(self, laboratory):
        """The run of a laboratory's night, and its vectors."""
        if laboratory.warehouse_dsn not in self.nights:
            run = laboratory.reopen({"space": "default", "as_of": f"{FIRST_NIGHT}+00:00"})
            with run.warehouse("test") as warehouse:
                found = run, read_embeddings(run, run.key_type(warehouse))
            self.nights[laboratory.warehouse_dsn] = found
        return self.nights[laboratory.warehouse_dsn]

    def __call__(self, laboratory, content, name="made", **changes):
        run, embeddings = self.night(laboratory)
        run = replace(run, deployment=laboratory.deployment, **changes)
        audience = audience_from_dict({"name": name, **content}, "test")
        with self.session(laboratory, run) as warehouse, audiences_in(self.folder):
            return populations_of(run, warehouse, audience, embeddings)

    @contextmanager
    def session(self, laboratory, run):
        if threading.current_thread() is not threading.main_thread():
            with run.warehouse("test") as warehouse:
                yield warehouse
            return
        stack = self.sessions.get(laboratory.warehouse_dsn)
        if stack is None:
            self.sessions[laboratory.warehouse_dsn] = stack = ExitStack()
            stack.warehouse = stack.enter_context(run.warehouse("test"))
        yield stack.warehouse


def ids(rows):
    """Customer ids of row numbers: the scene's ids are 1, 2, 3 and so on."""
    return None if rows is None else [int(row) + 1 for row in rows]
