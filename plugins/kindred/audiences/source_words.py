"""What readers may see of a server's words about the SQL of an audience file."""

import re

from kindred.spec.sql_text import tokens_of

ELLIPSIS = "…"
_QUOTES = re.compile(r"""^(?:[eE]?'|"|\$\w*\$)|(?:'|"|\$\w*\$)$""")
_WITH_DIGIT = re.compile(r"\w*\d\w*")
_ECHO = re.compile(r'(?<=at or near )".*"|"[^"]*"', re.DOTALL)
_NAME = re.compile(r'"[A-Za-z_.]+"')


def public_words(words: str, text: str) -> str:
    """A server's words without what may be an id or a value: parts of the SQL that they repeat.

    Strings, quoted names and words with digits go, and what is quoted unless it is a plain name.

    >>> public_words('column "at" does not exist', "select id from a where at > '2026'")
    'column "at" does not exist'
    >>> public_words('syntax error at or near "4711"', "select id from a where 4711")
    'syntax error at or near "…"'
    """
    literals = (text[start:end] for kind, start, end in tokens_of(text) if kind == "other")
    repeated = {_QUOTES.sub("", literal).strip() for literal in literals}
    repeated |= set(_WITH_DIGIT.findall(text))
    for part in sorted(repeated - {"", ":", "::"}, key=len, reverse=True):
        words = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", ELLIPSIS, words)
    return _ECHO.sub(
        lambda found: found[0] if _NAME.fullmatch(found[0]) else f'"{ELLIPSIS}"', words
    )
