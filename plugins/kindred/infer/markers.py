r"""Texts that stand for a missing value, such as NA, ``\N`` or #DIV/0!."""

from functools import lru_cache
from string import ascii_lowercase

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# Programs write these; nobody means a category by them. All in lower case.
_WRITTEN_BY_PROGRAMS = (
    r"\n <na> #n/a #n/a! #na #div/0! #ref! #value! #name? #num! #null! #error! #null #### "
    "##### ###### (null) <null> [null] {null} null nan nat -nan 1.#qnan -1.#ind 1.#ind (none) "
    "(blank) <none> <nil> nullptr undefined 0000-00-00 00.00.0000 00/00/0000 "
)
# Where the rest of the column is numbers, dates or booleans these are missing values; among texts
# they may be a category, unless the file uses the same one for a missing number.
_WRITTEN_BY_PEOPLE = (
    "na n/a n.a. n.a n/a. none nil - -- --- . .. ... … ? ?? ??? * ** *** unknown unkn unk "
    "missing empty blank nd n/d n.d. nr n.r. tbd tba s/d s.d. n/k n.v. n/v k.a. k/a unbekannt "
    "leer fehlt inconnu inconnue vide desconocido desconocida sconosciuto onbekend "
    "s.o. s.o desconhecido okänd ukjent void brak b/d n/c n.c. néant 不明 未設定 未登録 未入力 н/д "
)
_PHRASES = (
    "not available|not applicable|not known|not specified|not provided|not set|no data|no value"
    "|no answer|keine angabe|k. a.|n. a.|n / a|nicht bekannt|nicht verfügbar|non renseigné"
    "|sans objet|non disponible|non connu|no disponible|sin datos|non disponibile"
    "|0000-00-00 00:00:00|#n/a n/a|não informado|sem informação|brak danych|нет данных"
)
_DASHES = ("\N{EN DASH}", "\N{EM DASH}", "\N{HORIZONTAL BAR}")
ALWAYS = frozenset((*_WRITTEN_BY_PROGRAMS.split(), "0000-00-00 00:00:00", "#n/a n/a"))
# How accountants write an amount that is none.
_AMOUNTS = tuple(f"{sign}{blank}-" for sign in "$€£¥" for blank in ("", " "))
MARKERS = frozenset(
    (
        *ALWAYS,
        *_AMOUNTS,
        *(f".{letter}" for letter in ascii_lowercase),  # of SAS and Stata
        "- €",
        "-€",
        "-$",
        *_WRITTEN_BY_PEOPLE.split(),
        *_PHRASES.split("|"),
        *_DASHES,
    )
)
_LONGEST = max(len(marker.encode()) for marker in MARKERS)


def marked(stripped: pa.StringArray, markers: frozenset[str] = MARKERS) -> NDArray[np.bool_]:
    """Which of some stripped texts are a marker, in any case: bool (n,)."""
    found = np.zeros(len(stripped), dtype=bool)
    lengths = pc.binary_length(stripped).to_numpy(zero_copy_only=False)
    short = np.flatnonzero((lengths > 0) & (lengths <= _LONGEST))
    lowered = pc.utf8_lower(stripped.take(pa.array(short)))
    found[short] = np.asarray(pc.is_in(lowered, value_set=_as_array(markers)))
    return found


@lru_cache(maxsize=8)
def _as_array(markers: frozenset[str]) -> pa.StringArray:
    return pa.array(sorted(markers), pa.string())
