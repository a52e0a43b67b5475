"""The parameter ``:as_of`` in the SQL of an audience file, found as PostgreSQL would read it."""

import re

from kindred.spec.audiences import Population

_TOKEN = re.compile(
    r"""
      (?P<parameter> (?<![\w$"'\])]) :as_of (?![\w$]) )
    | (?<![\w$])[eE]' (?: [^'\\] | \\. | '' )* (?: ' | \Z )
    | ' [^']* (?: '' [^']* )* (?: ' | \Z )
    | " [^"]* (?: "" [^"]* )* (?: " | \Z )
    | (?<![\w$]) \$ (?P<tag> (?: [^\W\d]\w* )? ) \$ .*? (?: \$(?P=tag)\$ | \Z )
    | -- [^\n\r]*
    | (?P<comment> /\* )
    | ::
    """,
    re.VERBOSE | re.DOTALL,
)
_EDGE_OF_COMMENT = re.compile(r"/\*|\*/")


def parts_between(text: str) -> list[str]:
    """The parts of SQL between its parameters ``:as_of``; one part if there is none.

    What stands in strings, quoted names, dollar quotes and comments is no parameter, nor what
    follows a colon, such as a cast to a type of this name, or a name, as in a slice of an array.

    >>> parts_between("at < :as_of::date and note <> ':as_of'")
    ['at < ', "::date and note <> ':as_of'"]
    """
    parts, begin, position = [], 0, 0
    while (match := _TOKEN.search(text, position)) is not None:
        position = match.end()
        if match["parameter"]:
            parts.append(text[begin : match.start()])
            begin = position
        elif match["comment"]:
            position = _end_of_comment(text, position)
    return [*parts, text[begin:]]


def _end_of_comment(text: str, position: int) -> int:
    """The position after a comment that was opened before; comments nest."""
    depth = 1
    while depth and (edge := _EDGE_OF_COMMENT.search(text, position)) is not None:
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return len(text) if depth else position


def gives_past(population: Population) -> bool:
    """Whether it says who was meant on a date of the past; labels always do."""
    text = population.query or population.where or ""
    return population.form == "label" or len(parts_between(text)) > 1
