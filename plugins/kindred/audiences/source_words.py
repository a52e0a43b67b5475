"""What readers may see of a server's words about the SQL of an audience file: what kind they are.

The words themselves repeat the SQL, in which ids and values may stand, also as names: of
``campaign = Meier`` a server says that there is no column "meier".
"""

import re

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAME = "it names something that the source does not have"
_SENTENCES = {
    "42601": "it is no SQL that the server understands; it must be part of one statement",
    "42703": "it names a column that the source does not have; texts belong in single quotes",
    "42P01": "it names a table that the source does not have, or that its FROM does not",
    "42702": "a name in it may mean several columns",
    "42501": "the connection's user lacks a right that it needs",
    "42883": "it calls a function or operator that the source does not have for these types",
    "42804": "it compares or combines values of types that do not fit",
    "57014": "it was canceled: it takes longer than KINDRED_SOURCE_TIMEOUT_SECONDS, or somebody"
    " stopped it",
    "25006": "it tries to write, and may only read",
    "42": _NAME,
    "3F": _NAME,
    "3D": _NAME,
    "22": "a value that it reads or computes is not possible",
    "0A": "it asks for what the server cannot do there",
    "53": "the source's server lacks memory, space or connections",
    "54": "it is more than the server can take",
    "55": "something that it reads is in use or not ready",
    "57": "the source's server has ended it",
    "40": "it was in the way of another transaction",
    "08": "the connection broke",
}
_OTHERWISE = "the source's server refuses it"


def public_words(kind: str, sqlstate: str | None) -> str:
    """A server's error as its kind, and a sentence that is the same for all of a kind.

    >>> public_words("AmbiguousColumn", "42702")
    'ambiguous column: a name in it may mean several columns'
    """
    code = sqlstate or ""
    sentence = _SENTENCES.get(code) or _SENTENCES.get(code[:2]) or _OTHERWISE
    return f"{_CAPITAL.sub(' ', kind).lower()}: {sentence}"
