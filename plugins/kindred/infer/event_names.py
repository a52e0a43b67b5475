"""What the names of columns of events suggest: who did what, when, and for how much."""

from kindred.infer.closing_names import looks_like_closing
from kindred.infer.column_names import ID_ENDINGS, looks_like_id, words_of
from kindred.infer.transactions import AMOUNTS, CUSTOMERS, DOCUMENTS, ITEMS, names_customer

_LOADED = {
    *("loaded", "load", "ingested", "ingest", "ingestion", "inserted", "synced", "imported"),
    *("extracted", "etl", "dwh", "arrived", "updated", "modified", "changed", "fivetran"),
}
_DAYS = {"date", "dt", "datum", "fecha", "data", "day", "ymd", "yyyymmdd", "yymmdd", "tag", "jour"}
_CLOCKS = {
    "time",
    "tm",
    "uhrzeit",
    "zeit",
    "heure",
    "hora",
    "ora",
    "tijd",
    "hhmm",
    "hhmmss",
    "clock",
}
_HOURS = {"hour", "hours", "hr", "stunde", "heure", "hora", "ora", "uur"}
# Times of something else than the event.
_OTHER_TIMES = {
    *("created", "shipped", "shipping", "ship", "delivered", "delivery", "due", "returned"),
    *("refunded", "cancelled", "canceled", "expires", "expiry", "expected", "planned", "until"),
    *("birth", "born", "signup", "registered", "joined", "released", "release", "lieferdatum"),
}
_EVENT_TIMES = {
    *("ordered", "purchased", "bought", "sold", "sale", "paid", "occurred", "happened", "visited"),
    *("played", "viewed", "rated", "booked", "posted", "timestamp", "bestelldatum", "kaufdatum"),
    *("rechnungsdatum", "belegdatum"),
}
_THINGS = {
    *("movie", "film", "track", "song", "book", "game", "dish", "course", "recipe", "artist"),
    *("show", "video", "content", "offer", "good", "goods", "material", "livre", "libro", "buch"),
    *(
        "produkt",
        "produktu",
        "produto",
        "producto",
        "prodotto",
        "articulo",
        "stock",
        "plu",
        "gtin",
        "merchant",
        "page",
    ),
    *("url", "path", "mcc"),
}
_NAMES = {"description", "desc", "name", "title", "bezeichnung", "beschreibung", "label", "text"}
_CLASSES = {
    *("category", "kategorie", "type", "typ", "brand", "marke", "department", "group", "class"),
    *("manufacturer", "supplier", "vendor", "size", "color", "colour", "genre"),
    *("subclass", "subcategory", "subgroup", "subtype", "segment"),
}
_CLASSES_OF_THINGS = {"category", "kategorie", "brand", "marke", "department", "genre"}
# The number of items, or of a line.
_NO_THINGS = {"items", "line", "order", "invoice", "basket", "cart", "count", "num", "nb"}
_TOTALS = {
    *("amount", "total", "revenue", "sales", "turnover", "betrag", "umsatz", "montant", "importe"),
    *("spend", "spent", "paid", "payment", "value", "gross", "net", "subtotal", "donation", "wert"),
    *("importo", "kwota", "bedrag", "belopp", "summe", "zeilensumme", "totaal", "valor"),
    *("wartosc", "gesamt", "extended"),
}
_PRICES = {
    *("price", "preis", "prix", "precio", "prezzo", "cost", "unitprice", "einzelpreis", "preco"),
    *("prijs", "cena"),
}
_OF_ALL = {"total", "gesamt", "extended"}
_UNITS = {"unit", "each", "per", "piece", "unitprice", "einzelpreis", "stueckpreis", "list"}
# Amounts of something else than what was paid.
_OTHER_AMOUNTS = {
    *("discount", "disc", "rabatt", "tax", "vat", "mwst", "shipping", "freight", "fee", "rate"),
    *("percent", "pct", "points", "balance", "margin", "profit", "limit", "commission", "tip"),
}
_QUANTITIES = {
    *("quantity", "qty", "menge", "anzahl", "units", "quantite", "cantidad", "stueck", "pieces"),
    *("pcs", "quantita", "aantal", "ilosc", "nos"),
    *("quantidade",),
}
_NUMBERS_OF = ({"number", "of"}, {"num"}, {"nb"}, {"no", "of"}, {"count"})
_PLACES = {
    *("channel", "kanal", "store", "shop", "filiale", "branch", "site", "device", "platform"),
    *("source", "medium", "payment", "tender", "outlet", "location", "method", "till", "app"),
    *("warehouse", "magasin", "tienda", "online", "mobile"),
}
_CURRENCIES = {"currency", "ccy", "waehrung", "wahrung", "devise", "moneda", "valuta", "waluta"}
_UNDONE = {
    *("status", "statut", "storno", "storniert", "cancelled", "canceled", "refund", "refunded"),
    *("returned", "void", "voided", "annule"),
}
_PERSONS = {
    *("visitor", "donor", "patient", "listener", "viewer", "player", "reader", "passenger"),
    *("student", "tenant", "renter", "rider", "klant", "klient", "klienta", "mail", "besteller"),
}
_OF_PERSONS = {"name", "hash", "hashed", "unique", "code", "loyalty", "address", "login"}
_LINES = {"line", "lineno", "position", "pos", "seq", "sequence", "zeile", "ligne", "item"}


_NUMBERS = {"nummer", "numero", "num", "numer", *ID_ENDINGS}
_PARTS = frozenset().union(
    *(ITEMS, AMOUNTS, CUSTOMERS, DOCUMENTS, _THINGS, _NAMES, _CLASSES, _TOTALS, _PRICES, _UNITS),
    *(_OTHER_AMOUNTS, _QUANTITIES, _PERSONS, _LINES, _NUMBERS, _OTHER_TIMES, _EVENT_TIMES),
    {"date", "datum", "time", "code", "extended"},
)


def event_words(name: str) -> list[str]:
    """The words of a name, those apart that are written as one.

    >>> event_words("productid"), event_words("Artikelnummer"), event_words("orderqty")
    (['product', 'id'], ['artikel', 'nummer'], ['order', 'qty'])
    """
    return [part for word in words_of(name) for part in _parts_of(word)]


def _parts_of(word: str) -> list[str]:
    if word in _PARTS:
        return [word]
    for length in range(len(word) - 2, 2, -1):
        if word[:length] in _PARTS and word[length:] in _PARTS:
            return [word[:length], word[length:]]
    return [word]


def names_id(name: str) -> bool:
    """Whether a name ends like an identifier's, such as ``productid`` or ``Artikelnummer``."""
    words = event_words(name)
    return looks_like_id(name) or (bool(words) and words[-1] in _NUMBERS)


def names_person(name: str) -> bool:
    """Whether a name is that of a customer in a wider sense, such as ``visitor_id``.

    >>> [names_person(name) for name in ("Loyalty Card", "donor_id", "customer_email", "card_type")]
    [True, True, True, False]
    """
    words, persons = set(event_words(name)), CUSTOMERS | _PERSONS
    return not words.isdisjoint(persons) and words <= persons | _NUMBERS | _OF_PERSONS


def names_other_role(name: str, *, has_customer: bool) -> bool:
    """Whether a name is of something that is no customer, though its numbers may be keys of some.

    ``has_customer``: another column is named like a customer. If none is, it may be that the
    customers are shops, or merchants.
    """
    is_measure = names_quantity(name) or amount_rank(name) > 0 or names_line(name)
    words = set(event_words(name))
    is_thing = item_rank(name) > 0 or names_document(name) or not words.isdisjoint(_CLASSES)
    return is_measure or (has_customer and (is_thing or names_place(name)))


def names_currency(name: str) -> bool:
    """Whether a name is of the currency of an amount."""
    return not _CURRENCIES.isdisjoint(words_of(name))


def names_undoing(name: str) -> bool:
    """Whether a name is of what may say that an event was cancelled, such as ``status``."""
    return not _UNDONE.isdisjoint(words_of(name))


def names_load(name: str) -> bool:
    """Whether a name is of the time at which a row was loaded or changed, as ``loaded_at``."""
    return not _LOADED.isdisjoint(words_of(name))


def names_other_time(name: str) -> bool:
    """Whether a name is of a time of something else than the event, such as ``delivered_at``."""
    return not _OTHER_TIMES.isdisjoint(words_of(name)) or looks_like_closing(name)


def names_date(name: str) -> bool:
    """Whether a name is of a day, such as ``ORDER_DT`` or ``Bestelldatum``."""
    return not (_DAYS | _EVENT_TIMES).isdisjoint(event_words(name))


def names_time_of_day(name: str) -> bool:
    """Whether a name is of a time of the day, such as ``TRANS_TIME`` or ``Uhrzeit``."""
    return not _CLOCKS.isdisjoint(event_words(name))


def names_hour(name: str) -> bool:
    """Whether a name is of an hour of the day, such as ``order_hour_of_day``."""
    return not _HOURS.isdisjoint(event_words(name))


def names_event_time(name: str) -> bool:
    """Whether a name is of the time of an event, such as ``ordered_at`` or ``InvoiceDate``."""
    return not (_EVENT_TIMES | DOCUMENTS).isdisjoint(event_words(name))


def item_rank(name: str) -> int:
    """How likely a name is an item's: 3 for its key, 2 or 1 for its name or kind, 0 for no item.

    >>> [item_rank(name) for name in ("product_id", "StockCode", "item_name", "brand", "price")]
    [3, 3, 2, 1, 0]
    """
    words = set(event_words(name))
    if not words.isdisjoint(AMOUNTS | _PRICES | _OTHER_AMOUNTS | _QUANTITIES) or names_customer(
        name
    ):
        return 0
    is_thing = not words.isdisjoint(ITEMS | _THINGS)
    if not words.isdisjoint(_CLASSES):
        return int(is_thing or words <= _CLASSES_OF_THINGS)
    if not is_thing or words & _NO_THINGS:
        return 0
    return 3 if words.isdisjoint(_NAMES) else 2


def amount_rank(name: str) -> int:
    """How likely a name is what was paid: 3 for a total, 2 for a price, 0 for another amount.

    >>> [amount_rank(name) for name in ("line_total", "unitprice", "discount_amount", "age")]
    [3, 2, 0, 0]
    """
    words = set(event_words(name))
    if names_id(name) or not words.isdisjoint(_OTHER_AMOUNTS):
        return 0
    if not words.isdisjoint(_PRICES):
        return 2 if words.isdisjoint(_OF_ALL) else 3
    return 0 if words.isdisjoint(_TOTALS) else 3


def names_price_of_one(name: str) -> bool:
    """Whether a name says that it is the price of one unit, such as ``UnitPrice``."""
    words = set(event_words(name))
    return not words.isdisjoint(_PRICES) and not words.isdisjoint(_UNITS)


def names_price(name: str) -> bool:
    """Whether a name is a price, of one unit or of all."""
    return not _PRICES.isdisjoint(event_words(name))


def names_quantity(name: str) -> bool:
    """Whether a name is a number of units, such as ``qty`` or ``number_of_cds``."""
    words = set(event_words(name))
    if names_id(name):
        return False
    return not words.isdisjoint(_QUANTITIES) or any(some <= words for some in _NUMBERS_OF)


def names_place(name: str) -> bool:
    """Whether a name tells where or how something was bought, such as ``channel``."""
    return not _PLACES.isdisjoint(words_of(name))


def names_document(name: str) -> bool:
    """Whether a name is of the number of an order, invoice or the like."""
    return not DOCUMENTS.isdisjoint(event_words(name)) and names_id(name)


def names_line(name: str) -> bool:
    """Whether a name is of the number of a line within an order."""
    return not _LINES.isdisjoint(event_words(name)) and item_rank(name) == 0
