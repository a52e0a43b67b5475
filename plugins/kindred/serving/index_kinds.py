"""How the database is told of each kind of index: to build it, to ask it, and how hard to try."""

from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from kindred.serving.hnsw import MAX_EF_SEARCH, HnswChoice
from kindred.serving.index_plan import Candidate
from kindred.serving.ivfflat_memory import MAX_LISTS
from kindred.spec.index_methods import HALF_SPARE, Method, Precision
from kindred.spec.metrics import OPERATORS, Metric
from kindred.warehouse.database import Database

EFFORTS = {Method.IVFFLAT: "probes", Method.HNSW: "ef_search"}
"""What decides how much of an index a query reads, and so its recall."""

WIDER = 4
"""Times the probes, to which an iterative scan may go on. pgvector sorts so many lists for every
query: with all 2,000 of 100,000 customers and 14 probes it took 0.58 ms, with 56 of them 0.40."""


@dataclass(frozen=True)
class IndexKind:
    """A kind of index over vectors of one width, for one metric."""

    metric: Metric
    dimensions: int
    method: Method = Method.IVFFLAT
    precision: Precision = Precision.SINGLE

    @property
    def effort(self) -> str:
        """The parameter that decides the recall of a query."""
        return EFFORTS[self.method]

    def limit(self, k: int) -> int:
        """Rows to take from the index, so that the k nearest by whole vectors are among them."""
        return k if self.precision is Precision.SINGLE else HALF_SPARE * k

    def configure(self, database: Database, effort: int) -> None:
        """Make the queries of this transaction use the index, with this effort."""
        if self.method is Method.HNSW:
            database.run("serving/configure_hnsw_query", {"ef_search": effort})
        else:
            parameters = {"probes": effort, "max_probes": min(WIDER * effort, MAX_LISTS)}
            database.run("serving/configure_query", parameters)

    def index_names(self, chosen: Candidate | HnswChoice) -> dict[str, Any]:
        """What ``embeddings/create_index`` wants to know besides names."""
        operators = OPERATORS[self.metric]
        is_half = self.precision is Precision.HALF
        return {
            "method": sql.SQL(self.method.value),
            "indexed": self._vector(sql.Identifier("embedding")),
            "operator_class": sql.SQL(
                operators.half_operator_class if is_half else operators.operator_class
            ),
            "options": sql.SQL(options_of(chosen)),
        }

    def query_names(self) -> dict[str, Any]:
        """What a query for the nearest of a customer wants to know besides names."""
        return {
            "operator": sql.SQL(OPERATORS[self.metric].operator),
            "candidate_vector": self._vector(sql.Identifier("candidate", "embedding")),
            "own_vector": self._vector(sql.Identifier("self", "embedding")),
        }

    def _vector(self, column: sql.Composable) -> sql.Composable:
        """A vector as the index keeps it."""
        if self.precision is Precision.SINGLE:
            return column
        return sql.SQL("({}::halfvec({}))").format(column, sql.Literal(self.dimensions))


def options_of(chosen: Candidate | HnswChoice) -> str:
    """The storage parameters of an index, as DDL wants them."""
    if isinstance(chosen, HnswChoice):
        return f"m = {chosen.m}, ef_construction = {chosen.ef_construction}"
    return f"lists = {chosen.lists}"


def efforts_of(chosen: Candidate | HnswChoice) -> tuple[int, int]:
    """The planned effort of a query, and the largest there is."""
    if isinstance(chosen, HnswChoice):
        return chosen.ef_search, MAX_EF_SEARCH
    return chosen.probes, chosen.lists
