"""Names of columns that a source writes when a version of a row closes, in several languages.

Only whole names count: ``end_date`` closes a row, ``contract_end_date`` does not.
"""

# ruff: noqa: RUF001 - letters of other scripts look like Latin ones

import re
import unicodedata

_STAMP = "(?:at|on|date|dt|datetime|dttm|time|ts|timestamp|utc|datum)"
_ROW = "(?:dbt|dw|dwh|etl|scd|sys|system|period|row|record|rec|version|ver|history|hist)"
_END = "(?:end|ends|ended|to|upto|until|till|thru|through|bis)"
_ENDED = (
    "(?:deleted|closed|superseded|replaced|expired|retired|archived|removed|deactivated"
    "|inactivated|invalidated|terminated|discontinued|obsoleted|cancelled|canceled|revoked)"
)
_FLAG = "(?:flag|flg|ind|indicator|yn)"
# A name's letters without separators, so that valid_to, validTo and VALIDTO are one name.
_ENGLISH = (
    rf"{_ROW}*(?:(?:is)?valid|validity|effective|eff|gueltig|gultig){_END}{_STAMP}*"
    rf"|{_ROW}*{_END}{_STAMP}+|{_ROW}+{_END}|(?:date|dt|datetime|timestamp|ts|datum){_END}"
    rf"|{_ROW}*{_ENDED}{_STAMP}+|(?:superseded|replaced)by(?:id|key|version)?"
    rf"|(?:deletion|closure|closing|termination|deactivation|expiration){_STAMP}+"
    rf"|{_ROW}*(?:is|ist)?(?:most)?(?:current|curr|latest|newest|recent|aktuell)"
    rf"{_ROW}*{_FLAG}?"
    rf"|(?:is)?(?:active|last){_ROW}+{_FLAG}?|{_ROW}+(?:is)?active{_FLAG}?"
)
# Other languages that use Latin letters, without accents: German, Spanish, Portuguese, Italian,
# French, Dutch, Swedish, Danish, Norwegian, Polish and Czech.
_DATE = "(?:data|date|dt|dta|fecha|fec|fch|datum|dato|zeitpunkt|hora|heure|czas|cas)"
_OF = "(?:de|da|do|di|del|dela|della|du|der|des|van|la|el|o|a)?"
_VALIDITY = (
    "(?:vigencia|vigente|validez|valido|valida|validade|validita|validite|valide|valable|vigueur"
    "|geldig|geldigheid|giltig|giltighet|giltighets|gyldig|gyldighed|gyldighet|platnost|platnosti"
    "|platny|platna|platne|plati|waznosc|waznosci|wazny|wazna|wazne|obowiazuje|obowiazywania"
    "|gultig|gueltig|gultigkeit|gueltigkeit|gultigkeits|gueltigkeits|validez|effet)"
)
_UNTIL = (
    "(?:hasta|ate|finoa|finoal|al|jusqua|jusquau|jusque|au|tot|totenmet|till|tillochmed|tom"
    "|til|tilogmed|do|bis)"
)
_ENDING = (
    "(?:fin|fim|fine|final|termino|finalizacion|encerramento|cierre|cessazione|cloture|einde|eind"
    "|slut|slutt|sluttdato|konec|konce|ukonceni|koniec|konca|zakonczenia|wygasniecia|ende"
    "|ablauf|expiracion|expiracao|expiration|caducidad|verval|baja|baixa)"
)
_ROWS = (
    "(?:registro|record|enregistrement|ligne|version|versione|versao|versie|verze|wersja|wersji"
    "|fila|riga|linha|rij|rad|wiersz|rekord|radek|zaznam|zeile|satz|datensatz)"
)
_CURRENT = (
    "(?:actual|actuel|actuelle|attuale|atual|courant|courante|corrente|corriente|vigente|huidig"
    "|huidige|actueel|actuele|aktuell|aktuelle|aktueller|aktuelles|aktuella|aktuel|nuvarande|gallande|gaeldende"
    "|gjeldende|aktualny|aktualna|aktualne|aktualni|biezacy|biezaca|biezace|obecny|obecna|soucasny"
    "|soucasna)"
)
_LAST = (
    "(?:ultimo|ultima|dernier|derniere|laatste|senaste|seneste|siste|ostatni|ostatnia|posledni"
    "|letzte|letzter|neueste|neuester|nieuwste|najnowszy|najnowsza|nejnovejsi)"
)
_IS = "(?:es|esta|est|e|eh|is|ist|jest|je|ar|er|esel|esla)"
_MARK = (
    "(?:flag|fl|flg|ind|indicador|indicatore|indicateur|indicator|kz|kennzeichen|merker|marca"
    "|priznak|flaga|vlajka)"
)
_LATIN = (
    rf"(?!validado){_VALIDITY}(?:{_UNTIL}|tm){_DATE}?|{_DATE}{_OF}{_VALIDITY}{_UNTIL}"
    rf"|(?:{_DATE}{_OF})?{_ENDING}{_OF}{_VALIDITY}{_DATE}?|{_VALIDITY}{_OF}{_ENDING}{_DATE}?"
    rf"|{_DATE}{_OF}{_ENDING}|{_ENDING}s?{_DATE}|{_DATE}{_UNTIL}|(?:hasta|tot|till|til){_DATE}"
    rf"|{_IS}{_LAST}?{_CURRENT}{_ROWS}?|{_MARK}{_CURRENT}|{_CURRENT}{_MARK}"
    rf"|(?:{_IS}|{_MARK})?{_ROWS}{_CURRENT}|(?:{_IS}|{_MARK})?(?:{_CURRENT}|{_LAST}){_ROWS}{_MARK}?"
)
_RUSSIAN_CURRENT = "(?:актуальн|текущ|действующ)(?:ый|ая|ое|ий|ее|а|о|ен)?"
_CYRILLIC = (
    "(?:дата)?(?:окончани[яе]|завершени[яе]|конец|конца|прекращени[яе]|закрыти[яе])"
    "(?:действия|периода|срока|срокадействия|записи|версии)?"
    "|действ(?:ует|ителен|ительна|ительно)(?:до|по)|срокдействия(?:до|по)?|дата(?:до|по)"
    "|(?:data|date|dt)?(?:okonchani(?:ya|ia|ja)|deistvuetdo|deystvuetdo)(?:deistviya|deystviya)?"
    rf"|(?:признак|флаг|это|является)(?:{_RUSSIAN_CURRENT}|актуальности|актуальнойзаписи)"
    rf"|(?:{_RUSSIAN_CURRENT}|последн(?:яя|ий))(?:запись|версия|строка)"
)
_HAN = (
    "(?:有效|生效|有効|適用|记录|記録|記錄|版本|行)?(?:期|期间|期間)?"
    "(?:结束|結束|终止|終止|截止|截至|失效|失効|終了|無効|过期|過期)"
    "(?:日期|日|时间|時間|日時|時刻|时刻|时间戳)"
    "|(?:有效|生效)(?:期|期限)?(?:至|止|到)|(?:有効|有效)期限(?:至|まで)?|有効(?:終了|期間終了)"
    "|(?:是否|是|为|為)(?:当前|當前|目前|最新|现行|現行|現在)(?:记录|記錄|版本|行)?"
    "|(?:当前|當前|目前|最新|现行|現行|現在|カレント)"
    "(?:标志|標誌|标识|標識|标记|标示|记录|記錄|版本|有效|フラグ|レコード|行|版)"
)


def _without_marks(text: str) -> str:
    """A text without accents and the like, in lower case."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_STROKES)
    return "".join(c for c in plain if unicodedata.category(c) != "Mn")


_STROKES = str.maketrans("łøđ", "lod")
_CLOSING = re.compile(_without_marks("|".join((_ENGLISH, _LATIN, _CYRILLIC, _HAN))))
# These are adjectives of anything, unless the column has two values.
_BARE = re.compile(
    _without_marks(
        rf"current|curr|latest|newest|(?:most)?recent|{_CURRENT}|{_RUSSIAN_CURRENT}"
        "|当前|當前|目前|最新|现行|現行"
    )
)


def looks_like_closing(name: str, *, is_flag: bool = False) -> bool:
    """Whether a name denotes what a source writes when a row ends, such as ``valid_to``.

    ``is_flag``: whether the column has two values, so that ``current`` alone says it.

    >>> [looks_like_closing(n) for n in ("is_current", "deletedAt", "current_plan", "to_do")]
    [True, True, False, False]
    >>> looks_like_closing("vigente_hasta"), looks_like_closing("es_activo")
    (True, False)
    """
    letters = letters_of(name)
    if _BARE.fullmatch(letters):
        return is_flag
    return _CLOSING.fullmatch(letters) is not None


def letters_of(name: str) -> str:
    """The letters of a name in lower case, without accents and separators."""
    return "".join(c for c in _without_marks(name) if c.isalpha())
