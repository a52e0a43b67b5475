"""SQL options for each kind of index: to build it, to query it, and its search parameter."""

from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from kindred.serving.hnsw import MAX_EF_SEARCH, HnswChoice
from kindred.serving.index_plan import Candidate
from kindred.serving.ivfflat_memory import MAX_LISTS
from kindred.spec.index_methods import HALF_SPARE, Method, Precision
from kindred.spec.metrics import OPERATORS, Metric
from kindred.warehouse.database import Database

SEARCH_PARAMETERS = {Method.IVFFLAT: "probes", Method.HNSW: "ef_search"}
"""The parameter that decides how much of the index a query reads, and so its recall."""

WIDER = 4
"""An iterative scan may read up to this many times the probes. pgvector sorts that many lists for
every query: with 100,000 customers and 14 probes, a query took 0.58 ms with a limit of all 2,000
lists, and 0.40 ms with a limit of 56."""


@dataclass(frozen=True)
class IndexKind:
    """A kind of index over vectors of one width, for one metric."""

    metric: Metric
    dimensions: int
    method: Method = Method.IVFFLAT
    precision: Precision = Precision.SINGLE

    @property
    def search_parameter(self) -> str:
        """The parameter that decides the recall of a query."""
        return SEARCH_PARAMETERS[self.method]

    def limit(self, k: int) -> int:
        """Rows to read from the index so that the k nearest at full precision are among them."""
        return k if self.precision is Precision.SINGLE else HALF_SPARE * k

    def configure(self, database: Database, search_value: int) -> None:
        """Make the queries of this transaction use the index, with this value of its parameter."""
        if self.method is Method.HNSW:
            database.run("serving/configure_hnsw_query", {"ef_search": search_value})
        else:
            parameters = {
                "probes": search_value,
                "max_probes": min(WIDER * search_value, MAX_LISTS),
            }
            database.run("serving/configure_query", parameters)

    def index_names(self, chosen: Candidate | HnswChoice) -> dict[str, Any]:
        """The parts of ``serving/create_index`` that depend on the kind of index."""
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
        """The parts of a nearest-neighbour query that depend on the kind of index."""
        return {
            "operator": sql.SQL(OPERATORS[self.metric].operator),
            "candidate_vector": self._vector(sql.Identifier("candidate", "embedding")),
            "own_vector": self._vector(sql.Identifier("self", "embedding")),
        }

    def _vector(self, column: sql.Composable) -> sql.Composable:
        """A vector in the precision of the index."""
        if self.precision is Precision.SINGLE:
            return column
        return sql.SQL("({}::halfvec({}))").format(column, sql.Literal(self.dimensions))


def options_of(chosen: Candidate | HnswChoice) -> str:
    """The storage parameters of an index, in DDL syntax."""
    if isinstance(chosen, HnswChoice):
        return f"m = {chosen.m}, ef_construction = {chosen.ef_construction}"
    return f"lists = {chosen.lists}"


def search_values_of(chosen: Candidate | HnswChoice) -> tuple[int, int]:
    """The planned value of the search parameter, and its maximum."""
    if isinstance(chosen, HnswChoice):
        return chosen.ef_search, MAX_EF_SEARCH
    return chosen.probes, chosen.lists
