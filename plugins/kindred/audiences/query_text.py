"""The parameter ``:as_of`` in the SQL of an audience file, found as PostgreSQL would read it."""

from kindred.spec.audiences import Population
from kindred.spec.sql_text import tokens_of


def parts_between(text: str) -> list[str]:
    """The parts of SQL between its parameters ``:as_of``; one part if there is none.

    What stands in strings, quoted names, dollar quotes and comments is no parameter, nor what
    follows a colon, such as a cast to a type of this name, or a name, as in a slice of an array.

    >>> parts_between("at < :as_of::date and note <> ':as_of'")
    ['at < ', "::date and note <> ':as_of'"]
    """
    parts, begin = [], 0
    for kind, start, end in tokens_of(text):
        if kind == "parameter":
            parts.append(text[begin:start])
            begin = end
    return [*parts, text[begin:]]


def gives_past(population: Population) -> bool:
    """Whether it says who was meant on a date of the past; labels always do."""
    text = population.query or population.where or ""
    return population.form == "label" or len(parts_between(text)) > 1
