"""What column names suggest, and valid PostgreSQL names from those of columns and files."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from kindred.errors import InferenceError
from kindred.spec.features import SYSTEM_COLUMNS


def vocabulary(words: str) -> frozenset[str]:
    """The words of a text, which blanks separate."""
    return frozenset(words.split())


MAX_NAME_BYTES = 63  # of a PostgreSQL identifier
MAX_SPACE_CHARACTERS = 31

_JOINERS = "\u200c\u200d"  # invisible too, but part of how some languages are written
_WORD = re.compile(r"IDs(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
ID_ENDINGS = {"id", "ids", "key", "uuid", "guid", "number", "no", "nr", "ref"}
_POSTAL = {
    *("zip", "zipcode", "postal", "postcode", "postleitzahl", "plz", "pincode", "postnr"),
    *("postnummer", "pocztowy", "npa", "postale", "eircode", "cep", "zip4", "zip5", "pin"),
}
# What is numbered under such a name, if no two rows share a number.
_NUMBERED_THINGS = vocabulary(
    "account acct konto compte cuenta conta rekening policy police poliza "
    "apolice polizza polis matricule matricula matricola contract contrat contrato contratto "
    "vertrag member membership mitglied card karte carte tarjeta cartao invoice rechnung "
    "facture factura fattura order auftrag commande pedido ordine ticket serial passport license "
    "licence ssn nif nie dni cpf cnpj siren siret pesel iban imei customer client kunde cliente "
    "klant kund employee patient student dossier registration numero num"
)
_NUMBER_ENDINGS = ("nummer", "numer", "number", "nr", "numero", "nro", "kennung")
_PHONES = {
    *("phone", "telephone", "tel", "mobile", "cell", "cellphone", "fax", "telefon", "telefono"),
    *("handy", "msisdn", "whatsapp", "portable", "mobil", "celular", "movil"),
}
_DATES = vocabulary(
    "date dt datum fecha fec fech dob birthday birthdate datetime dates dato paiva paivamaara pvm "
    "tarih tarihi dataora datetimes"
)
_COMPOUND_DATES = ("datum", "dato", "paiva", "paivamaara", "pvm")  # Eintrittsdatum
_DATES_ELSEWHERE = re.compile("(?i)^дат[аы]|^ημερομην[ιί]α|日期|日付|年月日|날짜|일자")  # noqa: RUF001
# `data` is a date in the Romance languages and Polish, but not in data_usage.
_DATA_OF = vocabulary(
    "di de do da del della dela nascita nascimento inizio inicio fine fim iscrizione inscricao "
    "cadastro ingresso entrata entrada registrazione registro acquisto compra contratto contrato "
    "assunzione admissao emissao ultima ultimo primo primeira urodzenia rejestracji zakupu "
    "zamowienia zatrudnienia umowy od naixement alta nasterii"
)
_TIMES = vocabulary(
    "time timestamp ts epoch unix at login seen created updated modified registered joined signup "
    "visited last first since when visit expires expiry start end opened closed event activity"
)
_DURATIONS = {"duration", "elapsed", "length", "runtime", "dauer", "duree", "duracion", "durata"}
_BIRTHS = vocabulary(
    "birth birthday birthdate dob born geburtsdatum naissance geburt geb gebdat gebdatum "
    "geboortedatum nascimento nacimiento nascita urodzenia birthdt"
)
# Numbers under such a name are codes of something: their order and distance mean nothing.
_CODES = {
    *("code", "codes", "cd", "sic", "naics", "nace", "naf", "fips", "insee", "mcc", "gics"),
    *("kennziffer", "schluessel", "codigo", "codice", "blz", "bankleitzahl", "iso", "bic"),
}
_COMPOUND_CODES = ("code", "codes", "schluessel", "schlussel", "kennziffer", "kennzahl")
_NAMED_THINGS = vocabulary(
    "type typ category kategorie region department dept branch industry sector country state "
    "county district territory store shop channel product sku brand cluster segment gender sex "
    "marital filiale abteilung branche agence departement province bundesland office warehouse "
    "depot tariff profession occupation religion kostenstelle kostentraeger sparte gruppe groupe "
    "grupo gruppo groep group categorie categoria kategoria famille familia reparto sucursal "
    "center centre centro"
)
# German writes such names as one word: Warengruppe, Verkaufsgebiet.
_COMPOUND_THINGS = (
    *("gruppe", "stelle", "gebiet", "bezirk", "kategorie", "typ", "filiale", "abteilung"),
    *("branche", "sparte", "groep", "grupp", "avdelning"),
)
_PLACES_OF_COSTS = ("center", "centre", "centro")
_MEASURES = vocabulary(
    "count size sales share rate amount score visits total sum avg mean population income spend "
    "salary price revenue balance cost limit value area weight distance length height volume "
    "quantity points days months years profit margin usage minutes betrag umsatz gehalt preis "
    "montant prix salaire"
)
_MAX_CATEGORY_WORDS = 2  # age_at_first_sex is an age
_MOST_RENAMED, _SHOWN_RENAMED = 5, 3
"""Columns renamed for one reason that have a note each, and that are named where there are more."""

_RANKS = {"number", "num", "n", "rank", "level", "age", "alter", "altersgruppe"}
_OUTCOMES = vocabulary(
    "churn churned churner attrition exited cancelled canceled response responded responder "
    "converted conversion accepted subscribed label target outcome default defaulted recommended "
    "recommend fraud gekundigt gekuendigt abgewandert resilie desabonne perdu cancelado"
)
_FILLERS = {
    *("is", "has", "was", "had", "did", "will", "flag", "ind", "indicator", "value", "binary"),
    *("customer", "client", "user", "cmp", "campaign", "offer", "status", "label", "target"),
}


def clean_names(header: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names that PostgreSQL and a spec accept, one per column, and a note on each changed name.

    >>> clean_names(["", "growth %", "age", "age"])[0]
    ['column_1', 'growth percent', 'age', 'age_2']
    >>> clean_names(["xmin"])[0]
    ['xmin_2']
    """
    names: list[str] = []
    renamed: dict[str, list[str]] = {}
    for number, given in enumerate(header, start=1):
        visible = "".join(c for c in given if unicodedata.category(c) != "Cf" or c in _JOINERS)
        plain = " ".join(visible.replace("\0", "").replace("%", " percent").split())
        plain = plain.strip(_JOINERS)
        name = _cut(plain) or f"column_{number}"
        if name in (*names, *SYSTEM_COLUMNS) or (name != given and name in header):
            name = _unused(name, {*names, *header})
        if name != given:
            why = _why_renamed(given, visible, plain, names)
            renamed.setdefault(why, []).append(f"column {number} is named {name!r}")
        names.append(name)
    return names, [note for why, those in renamed.items() for note in _notes(why, those)]


def _notes(why: str, renamed: Sequence[str]) -> list[str]:
    """A note per column that was renamed for a reason; one alone where there are many."""
    if len(renamed) <= _MOST_RENAMED:
        return [f"{one}: {why}" for one in renamed]
    first = ", ".join(renamed[:_SHOWN_RENAMED])
    return [f"{len(renamed):,} columns are renamed: {first} and so on, since {why}"]


def _why_renamed(given: str, visible: str, plain: str, names: Iterable[str]) -> str:
    if not plain:
        return "it had no name" if not given.strip() else f"{given!r} is no name"
    if given in names:
        return "an earlier column has the same name"
    if plain in SYSTEM_COLUMNS:
        return "every table of PostgreSQL has a hidden column of that name"
    size = len(plain.encode())
    if size > MAX_NAME_BYTES:
        return f"the file says {given!r}, {size} bytes of the {MAX_NAME_BYTES} that are allowed"
    what = "has invisible characters" if visible != given else "has characters not allowed"
    if visible == given and given.strip() == plain:
        what = "has spaces around it"
    return f"the file says {given!r}, which {what}"


def _cut(name: str, room: int = MAX_NAME_BYTES) -> str:
    return name.encode()[:room].decode(errors="ignore").rstrip()


def _unused(name: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while number == 1 or candidate in taken:
        number += 1
        ending = f"_{number}"
        candidate = _cut(name, MAX_NAME_BYTES - len(ending)) + ending
    return candidate


def identifier_of(file_name: str) -> str:
    """A file's stem as the name of a space and a table.

    >>> identifier_of("Women's Reviews 2024.csv.gz")
    'women_s_reviews_2024'
    """
    stem = re.sub(
        r"(\.(csv|tsv|tab|txt|data|parquet|xls[xmb]?|ods))?(\.gz)?$",
        "",
        file_name,
        flags=re.IGNORECASE,
    )
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if name[:1].isdigit():
        name = f"t_{name}"
    if not name:
        raise InferenceError(
            "csv",
            f"{file_name!r}: cannot be turned into a table name; rename the file with letters"
            " a to z",
        )
    return name[:MAX_SPACE_CHARACTERS].rstrip("_")


def words_of(name: str) -> list[str]:
    """The words of a name in lower case.

    >>> words_of("AcceptedCmp3"), words_of("customerID"), words_of("clé_régime")
    (['accepted', 'cmp', '3'], ['customer', 'id'], ['cle', 'regime'])
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return [word.lower() for word in _WORD.findall(plain)]


def looks_like_id(name: str) -> bool:
    """Whether a name ends like an identifier's, such as ``customer_id``."""
    words = words_of(name)
    return bool(words) and words[-1] in ID_ENDINGS


def looks_like_number_of_thing(name: str) -> bool:
    """Whether a name denotes what has a number of its own, such as ``account`` or ``Kontonummer``.

    >>> [looks_like_number_of_thing(name) for name in ("account", "Kontonummer", "account balance")]
    [True, True, False]
    """
    words = words_of(name)
    return bool(words) and (words[-1] in _NUMBERED_THINGS or words[-1].endswith(_NUMBER_ENDINGS))


def looks_like_postal_code(name: str) -> bool:
    """Whether a name denotes a postal code."""
    return not _POSTAL.isdisjoint(words_of(name))


def looks_like_phone(name: str) -> bool:
    """Whether a name denotes a phone number."""
    return not _PHONES.isdisjoint(words_of(name))


def looks_like_date(name: str) -> bool:
    """Whether a name says that it is a date, such as ``signup_date``.

    >>> [looks_like_date(name) for name in ("Eintrittsdatum", "data di nascita", "data_usage")]
    [True, True, False]
    """
    words = words_of(name)
    if words[:1] == ["data"] and (len(words) == 1 or words[1] in _DATA_OF):
        return True
    return (
        not _DATES.isdisjoint(words)
        or any(word.endswith(_COMPOUND_DATES) for word in words)
        or _DATES_ELSEWHERE.search(unicodedata.normalize("NFC", name)) is not None
    )


def looks_like_serial(name: str) -> bool:
    """Whether a name says that its numbers are the days of a spreadsheet."""
    return looks_like_date(name) or not {"excel", "serial", "xls"}.isdisjoint(words_of(name))


def looks_like_month(name: str) -> bool:
    """Whether a name says that it is a month, so that 2021-11 is no range."""
    return not {"month", "monat", "mois", "mes", "mese", "period", "ym"}.isdisjoint(words_of(name))


def looks_like_time(name: str) -> bool:
    """Whether a name says that it is a time, such as ``created_at``."""
    return not _TIMES.isdisjoint(words_of(name))


def looks_like_birth(name: str) -> bool:
    """Whether a name denotes a date of birth, which lies in the past."""
    return not _BIRTHS.isdisjoint(words_of(name))


def looks_like_duration(name: str) -> bool:
    """Whether a name says how long something took, such as ``call_duration``."""
    return not _DURATIONS.isdisjoint(words_of(name))


def looks_like_code(name: str) -> bool:
    """Whether numbers of that name are codes, such as ``industry_code``."""
    words = words_of(name)[-2:]
    return not _CODES.isdisjoint(words) or any(word.endswith(_COMPOUND_CODES) for word in words)


def looks_like_amount(name: str) -> bool:
    """Whether a name denotes what can be added up or compared, such as ``salary``."""
    words = words_of(name)
    if words[-1:] and words[-1] in _PLACES_OF_COSTS:  # a cost center
        words = words[:-2]
    return not _MEASURES.isdisjoint(words)


def looks_like_category(name: str) -> bool:
    """Whether a name denotes what things are told apart by, such as ``region``.

    >>> [looks_like_category(name) for name in ("region", "store_type", "store_sales")]
    [True, True, False]
    """
    words = words_of(name)
    if not 0 < len(words) <= _MAX_CATEGORY_WORDS or looks_like_amount(name):
        return False
    is_thing = words[-1] in _NAMED_THINGS or words[-1].endswith(_COMPOUND_THINGS)
    return is_thing and _RANKS.isdisjoint(words)


def looks_like_label(name: str) -> bool:
    """Whether a name denotes an outcome and nothing else, such as ``is_churned``."""
    words = [word for word in words_of(name) if not word.isdigit()]
    return bool(_OUTCOMES.intersection(words)) and set(words) <= _OUTCOMES | _FILLERS


def names_outcome(name: str, label: str) -> bool:
    """Whether a name contains a label's name and more, such as ``churn_reason`` for ``churn``."""
    words = words_of(name)
    core = [word for word in words_of(label) if word not in _FILLERS and not word.isdigit()]
    core = core or words_of(label)
    # column_85 has nothing to do with column_8.
    is_numbered = label[-1:].isdigit() and [word for word in words if not word.isdigit()] == core
    if not core or looks_like_label(name) or is_numbered:
        return False
    width = len(core)
    return any(words[start : start + width] == core for start in range(len(words) - width + 1))
