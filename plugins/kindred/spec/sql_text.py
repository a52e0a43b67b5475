"""SQL of spec and audience files: its tokens, and its statement without what follows it."""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
      (?P<parameter> (?<![\w$"'\])]) :as_of (?![\w$]) )
    | (?<![\w$])[eE]' (?: [^'\\] | \\. | '' )* (?: ' | \Z )
    | ' [^']* (?: '' [^']* )* (?: ' | \Z )
    | " [^"]* (?: "" [^"]* )* (?: " | \Z )
    | (?<![\w$]) \$ (?P<tag> (?: [^\W\d]\w* )? ) \$ .*? (?: \$(?P=tag)\$ | \Z )
    | (?P<line> -- [^\n\r]* )
    | (?P<comment> /\* )
    | ::
    """,
    re.VERBOSE | re.DOTALL,
)
_EDGE_OF_COMMENT = re.compile(r"/\*|\*/")
_AFTER_STATEMENT = " \t\n\r\f\v;"
"""What may follow a statement, beside comments: PostgreSQL's blanks, and semicolons."""

Span = tuple[str, int, int]
"""What a token is, ``parameter``, ``comment`` or ``other``, its start and its end."""


def tokens_of(text: str) -> Iterator[Span]:
    """Parameters ``:as_of``, comments, strings, quoted names and casts, as PostgreSQL reads them.

    A comment that is never closed is ``other``.
    """
    position = 0
    while (match := _TOKEN.search(text, position)) is not None:
        position, kind = match.end(), "other"
        if match["parameter"] or match["line"] is not None:
            kind = "parameter" if match["parameter"] else "comment"
        elif match["comment"]:
            end = _end_of_comment(text, position)
            position, kind = (len(text), "other") if end is None else (end, "comment")
        yield kind, match.start(), position


def statement_of(text: str) -> str:
    """SQL without the semicolons, blanks and comments at its end; empty if there is nothing else.

    A semicolon in front of more SQL stays, for the server to refuse.

    >>> statement_of("select 1; -- all of them"), statement_of("select 1; select 2;")
    ('select 1', 'select 1; select 2')
    """
    end = start = 0
    for kind, begin, stop in tokens_of(text):
        end = _end_between(text, start, begin, end)
        end, start = end if kind == "comment" else stop, stop
    return text[: _end_between(text, start, len(text), end)]


def stays_in_parentheses(text: str) -> bool:
    """Whether SQL that is put in parentheses ends before the closing one.

    No bracket closes what the text has not opened, nothing is left open, and no statement ends.

    >>> [stays_in_parentheses(text) for text in ("a in (1) -- )", "a) or (b", "a = '", "a; b")]
    [True, False, False, False]
    """
    depth, start, whole = 0, 0, f"{text}\n)"
    for _, begin, stop in [*tokens_of(whole), ("end", len(whole), len(whole))]:
        for sign in whole[start:begin]:
            if depth < 0 or sign == ";":
                return False
            depth += (sign == "(") - (sign == ")")
        start = stop
    return depth == -1


def _end_between(text: str, start: int, stop: int, end: int) -> int:
    """The end of what says something before ``stop``, if that is after ``start``, else ``end``."""
    said = len(text[start:stop].rstrip(_AFTER_STATEMENT))
    return start + said if said else end


def _end_of_comment(text: str, position: int) -> int | None:
    """The position after a comment that was opened before; None if never; comments nest."""
    depth = 1
    while depth and (edge := _EDGE_OF_COMMENT.search(text, position)) is not None:
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return None if depth else position
