"""Turn the bytes of a text file into UTF-8, and say by which evidence its encoding was chosen."""

# ruff: noqa: RUF001 - letters and signs that look alike are told apart here

import codecs
import re
from collections import Counter
from collections.abc import Iterator

from charset_normalizer import from_bytes

from kindred.errors import InferenceError

# UTF-32 before UTF-16, since the byte order mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PIECE_BYTES = 2**24
_HEAD_BYTES, _SAMPLE_LINES, _MAX_LINE = 65_536, 2000, 2000
_MIN_VALID_LINES = 0.9  # share of the lines beyond ASCII from which a damaged file is UTF-8
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_WORD = re.compile(r"[^\W\d_]*[^\x00-\x7f]+(?:[^\W\d_]|[^\x00-\x7f])*")

# Of those that read a file equally well the first is taken, and the usual one before all others.
_USUAL = "cp1252"
_SINGLE_BYTE = (
    *("cp1252", "cp1250", "cp1251", "iso8859-15", "iso8859-2", "cp1254", "cp1257", "cp1253"),
    *("koi8-r", "koi8-u", "cp866", "iso8859-5", "iso8859-7", "cp1255", "iso8859-8", "cp1256"),
    *("iso8859-6", "mac-roman", "mac-cyrillic", "mac-latin2", "cp850", "cp852", "cp437"),
)
# The letters that languages add to a to z. One language seldom has the letters of two.
_ADDED_LETTERS = (
    "àâæçéèêëîïôœùûüÿ",  # French
    "áéíñóúüçàïòèªº",  # Spanish, Catalan
    "áâãàçéêíóôõúüªº",  # Portuguese
    "äöüßé",  # German
    "àèéìíîòóùú",  # Italian
    "åäöéæøü",  # Swedish, Danish, Norwegian
    "áðéíóúýþæöå",  # Icelandic
    "áéëïèöüóíêç",  # Dutch
    "ąćęłńóśźż",  # Polish
    "áäčďéěíĺľňóôŕřšťúůýžü",  # Czech, Slovak
    "áéíóöőúüűä",  # Hungarian
    "ăâîșțşţ",  # Romanian
    "čćđšž",  # Croatian, Slovene, Serbian
    "çğıöşüâîûi",  # Turkish, whose capital İ becomes two characters
    "āčēģīķļņšūžõ",  # Latvian
    "ąčęėįšųūž",  # Lithuanian
    "äõöüšž",  # Estonian, Finnish
)
# Other alphabets: the letters that make up most of a text, and all others.
_ALPHABETS = (
    ("оеаинтсрвлкмдпу", "бгжзйфхцчшщъыьэюя"),  # Russian, Bulgarian
    ("оеаинтсрвлкмдпуі", "бгжзйфхцчшщьюяїєґ"),  # Ukrainian
    ("оеаинтсрвлкмдпуј", "бгжзфхцчшђљњћџ"),  # Serbian
    ("αοιετσνηυρπκμλςίάόέή", "βγδζθξφχψωύώϊϋ"),  # Greek
    ("יוהלאתרבמש", "גדזחטכסנעפצקםןךףץ"),  # Hebrew
    ("اليمنتربودعفهسكقحج", "خشصضطظغثذزءآأؤإئةى"),  # Arabic
)
_WEIGHTS = (
    *(dict.fromkeys(letters, 1.0) for letters in _ADDED_LETTERS),
    *(dict.fromkeys(common, 1.0) | dict.fromkeys(rare, 0.5) for common, rare in _ALPHABETS),
)
_FIRST_GREEK = "\u0370"
_SIGNS_ONLY = 0.9  # of a text with signs such as the euro's, and no letter beyond ASCII
_MIN_CLEAR, _MIN_LEAD, _MIN_PLAUSIBLE = 0.85, 0.05, 0.7
_RIVALS_SHOWN = 3
_SIGNS = frozenset("€£¥§°²³·«»–—‘’‚“”„…©®™½¼¾±×µ•¿¡†\xa0")


def as_utf8(data: bytes, asked: str | None, *, is_cut: bool) -> tuple[bytes, str, list[str]]:
    """The text of a file in UTF-8 without a byte order mark, its encoding, and notes on it.

    ``asked`` is the encoding that a person has named; data that was cut may end in half a
    character, which is left out.

    Raises
    ------
    InferenceError
        when the encoding is unknown, or bytes are not valid in the one asked for or marked.
    """
    if asked is not None:
        return _strict(data, _known(asked), f"{asked} was asked for", is_cut=is_cut), asked, []
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            notes = [] if encoding == "utf-8" else [f"encoding {encoding} by its BOM"]
            text = _strict(data, encoding, f"the file begins as {encoding}", is_cut=is_cut)
            return text, encoding, notes
    if data.isascii() and b"\0" not in data[:_HEAD_BYTES]:
        return data, "utf-8", []
    wide = _without_mark(data[:_HEAD_BYTES])
    if wide is not None:
        text = _strict(data, wide, f"every other byte is zero, as in {wide}", is_cut=is_cut)
        return text, wide, [f"encoding {wide} by its zero bytes"]
    try:
        return _strict(data, "utf-8", "", is_cut=is_cut), "utf-8", []
    except InferenceError:
        return _by_evidence(data, is_cut=is_cut)


def _known(name: str) -> str:
    try:
        "a".encode(name)
        return codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        raise InferenceError(
            "encoding",
            f"{name!r} found, but the name of an encoding is expected, such as utf-8, utf-16,"
            " cp1252 or cp1251",
        ) from error


def _strict(data: bytes, encoding: str, why: str, *, is_cut: bool) -> bytes:
    try:
        if encoding == "utf-8":
            content = data.removeprefix(codecs.BOM_UTF8)
            if content.isascii():
                return content
            kept = sum(len(piece) for piece in _pieces(content, encoding, is_cut=is_cut))
            return content[:kept]
        text = b"".join(_pieces(data, encoding, is_cut=is_cut))
        return text.removeprefix(codecs.BOM_UTF8)
    except UnicodeError as error:
        raise InferenceError(
            "csv",
            f"{why}, but {_where(error, data)} not valid there; give the right encoding"
            " (--encoding, ENCODING=)",
        ) from error


def _where(error: UnicodeError, data: bytes) -> str:
    start = getattr(error, "start", None)
    if start is None:
        return "its end is"
    line = data.count(b"\n", 0, start) + 1
    return f"byte {start} (line {line:,}) is"


def _pieces(data: bytes, encoding: str, *, is_cut: bool, errors: str = "strict") -> Iterator[bytes]:
    """The text in UTF-8, piece by piece, so that it is never held as Python's string."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for start in range(0, len(data), _PIECE_BYTES):
        is_last = start + _PIECE_BYTES >= len(data) and not is_cut
        try:
            piece = decoder.decode(data[start : start + _PIECE_BYTES], final=is_last)
        except UnicodeDecodeError as error:
            error.start += start
            raise
        yield piece.encode("utf-8", "replace")


def _without_mark(head: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of plain letters and digits is zero."""
    half = max(len(head) // 2, 1)
    even, odd = head[::2].count(0) / half, head[1::2].count(0) / half
    if max(even, odd) < 0.5 or min(even, odd) > 0.05:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _by_evidence(data: bytes, *, is_cut: bool) -> tuple[bytes, str, list[str]]:
    lines = list(_lines_beyond_ascii(data))
    if sum(map(_is_utf8, lines)) >= _MIN_VALID_LINES * len(lines):
        text = b"".join(_pieces(data, "utf-8", is_cut=is_cut, errors="kindred-cp1252"))
        valid = sum(map(len, _pieces(data, "utf-8", is_cut=is_cut, errors="ignore")))
        note = f"the file is UTF-8, but for {len(data) - valid:,} bytes that were read as cp1252"
        return text, "utf-8", [note]
    encoding, rivals = _likeliest(b"\n".join(lines))
    pieces = _pieces(data, encoding, is_cut=is_cut, errors="replace")
    text = b"".join(pieces)
    lost = text.count("\N{REPLACEMENT CHARACTER}".encode())
    number = encoding.removeprefix("cp125")
    shown = f"Windows-125{number} ({encoding})" if encoding.startswith("cp125") else encoding
    note = f"the file is not UTF-8 and was read as {shown}"
    if lost:
        note += f"; {lost:,} bytes are not valid there"
    if lost or rivals:
        note += "; this is not certain: if texts look wrong, name the encoding (--encoding,"
        note += " ENCODING=)"
        note += f", such as {', '.join(rivals[:_RIVALS_SHOWN])}" if rivals else ""
    return text, encoding, [note]


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("kindred-cp1252", _as_cp1252)


def _lines_beyond_ascii(data: bytes) -> Iterator[bytes]:
    """The first lines that hold a byte beyond ASCII; of a long line the part around it."""
    position = 0
    for _ in range(_SAMPLE_LINES):
        match = _BEYOND_ASCII.search(data, position)
        if match is None:
            return
        start = max(match.start() - _MAX_LINE, data.rfind(b"\n", position, match.start()) + 1)
        end = data.find(b"\n", match.end(), match.end() + _MAX_LINE)
        position = match.end() + _MAX_LINE if end < 0 else end
        yield data[max(start, 0) : position]


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _likeliest(sample: bytes) -> tuple[str, list[str]]:
    """The likeliest encoding of some lines, and others if the evidence is not clear."""
    texts = {encoding: sample.decode(encoding, "replace") for encoding in _SINGLE_BYTE}
    scores = {encoding: _plausible_share(text) for encoding, text in texts.items()}
    best = max(scores, key=lambda encoding: scores[encoding])
    rivals = [name for name, score in scores.items() if score > scores[best] - _MIN_LEAD]
    if _USUAL in rivals:
        best = _USUAL
    if scores[best] < _MIN_PLAUSIBLE:
        found = from_bytes(sample).best()
        if found is not None and found.multi_byte_usage > 0:
            return codecs.lookup(found.encoding).name, []
    others = [name for name in rivals if texts[name] != texts[best]]
    if not others and scores[best] <= _MIN_CLEAR:
        others = [name for name in _SINGLE_BYTE if name != best]
    return best, others


def _plausible_share(text: str) -> float:
    """The share of a text's characters beyond ASCII that are plausible in one language.

    Each distinct word counts once, but letters and signs that stand alone only if there is nothing
    else: rather signs. Signs of a wrong encoding are: a sign inside of a word, a
    capital after a small letter, a small letter among capitals, and two alphabets in one word.
    """
    found: Counter[str] = Counter()
    signs = alone = total = 0
    for word in set(_WORD.findall(text)):
        for place, character in enumerate(word):
            if character.isascii():
                continue
            around = word[place - 1 : place], word[place + 1 : place + 2]
            if character in _SIGNS and not all(map(str.isalpha, around)):
                signs += 1
                continue
            if len(word) == 1 and character.isalpha():
                alone += 1
                continue
            total += 1
            if _is_plausible(character, *around):
                found[character.lower()[0]] += 1
    best = max(sum(weights.get(c, 0) * n for c, n in found.items()) for weights in _WEIGHTS)
    if not total:
        return _SIGNS_ONLY * signs / max(signs + alone, 1)
    return best / total


def _is_plausible(character: str, before: str, after: str) -> bool:
    if not character.isalpha():
        return False
    if character.isupper() and before.islower():
        return False
    if character.islower() and before.isupper() and after.isupper():
        return False
    is_latin = character < _FIRST_GREEK
    if is_latin:  # such letters stand among those of ASCII
        return not (before > "\x7f" and after > "\x7f")
    return not (before.isascii() and before.isalpha()) and not (after.isascii() and after.isalpha())
