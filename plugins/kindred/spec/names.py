"""Names in messages: what a wrong one was probably meant to be, and lists that stay short."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

MAX_LISTED = 30
_LIKE = 0.7  # difflib's ratio at which names are alike: number is numeric, never is not ignore
_SECRET = re.compile(r"\S*(?:://|\w@\w|(?<![^\W_])password\s*=\s*)\S*", re.IGNORECASE)
_MAX_COMPARED = 200  # characters: comparing takes the square of the length


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question to append to a message; empty if no known name is like it.

    >>> did_you_mean("Customer_ID", ["customer_id", "id"])
    "; did you mean 'customer_id'?"
    """
    by_letters: dict[str, str] = {}
    for candidate in known:
        by_letters.setdefault(_letters(candidate), candidate)
    letters = _letters(name[:_MAX_COMPARED])
    found = (
        [letters]
        if letters in by_letters
        else get_close_matches(letters, by_letters, n=1, cutoff=_LIKE)
    )
    return f"; did you mean {str(by_letters[found[0]])!r}?" if found else ""


def _letters(name: str) -> str:
    """A name without case, blanks and separators."""
    kept = "".join(character for character in name.casefold() if character.isalnum())
    return kept or name


def listed(names: Sequence[str], separator: str = ",") -> str:
    """Names with commas, and the number of those that do not fit.

    >>> listed([])
    'none'
    """
    shown = [plain(name) for name in names[:MAX_LISTED]]
    more = len(names) - len(shown)
    return f"{separator} ".join([*shown, *([f"and {more:,} more"] if more > 0 else [])]) or "none"


def plain(name: str) -> str:
    """A name as it is; characters that cannot be seen, or would move a cursor, are spelt out."""
    if name.isprintable():
        return name
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in name)


def without_secrets(text: str) -> str:
    """A text without words that may be an address, a connection string or a password.

    >>> without_secrets("no connection 'postgresql://u:p@h/d' for 'a b'")
    "no connection <not shown> for 'a b'"
    """
    return _SECRET.sub("<not shown>", text)
