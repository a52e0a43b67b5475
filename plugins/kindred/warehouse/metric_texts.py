"""What depends on the metric in the text of a view or function."""

import json
from collections.abc import Mapping

from psycopg2 import sql

from kindred.spec.metrics import OPERATORS, Metric


def by_metric(metric: sql.Composable, expressions: Mapping[Metric, str]) -> sql.Composed:
    """The expression that holds for the metric which another expression names."""
    cases = [
        sql.SQL("when {} then {}").format(sql.Literal(name.value), sql.SQL(expression))
        for name, expression in expressions.items()
    ]
    return sql.SQL("case {} {} end").format(metric, sql.SQL(" ").join(cases))


def metrics_as_json(extension: str) -> str:
    """Operator and similarity of every metric, for functions that take the metric as argument."""
    schema = '"{}"'.format(extension.replace('"', '""'))
    return json.dumps(
        {
            metric.value: {
                "operator": f"operator({schema}.{found.operator})",
                "similarity": found.similarity_sql,
            }
            for metric, found in OPERATORS.items()
        }
    )
