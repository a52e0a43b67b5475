"""Names of columns that are filled when a customer leaves, or that programs write for themselves.

Only whole names count: ``cancel_reason`` says that a customer has left, ``cancelled_orders`` does
not.
"""

import re

from kindred.infer.closing_names import letters_of

_STAMP = "(?:at|on|date|dt|datetime|dttm|time|ts|timestamp|utc|datum|day|am|le|el|op|pvm)"
_WHY = (
    "(?:reasons?|cause|motive|comments?|feedback|notes?|survey|interview|type|category|code|channel"
    "|text|score|rating|by|grund|art|motif|motivo|oorzaak|reden|powod|arsak|orsak|arsag)"
)
_WHO = (
    "(?:is|has|was|ist|hat|est|es|esta|customers?|client|cust|user|account|acct|contract|policy"
    "|subscription|subscriber|member|membership|kunden?|kontos?|konto|vertrags?|mitglieds?|abos?"
    "|cliente|compte|cuenta|contrat|contrato|contratto|conta|conto|klant|kund|kunde|umowy)"
)
_OF_THE = "(?:de|del|da|do|di|della|du|der|des|van|la|el|o|a|d)*"
_DATE = "(?:date|data|fecha|fec|dt|datum|dato|dzien)"
_ENGLISH = (
    "churn|churned|attrition|attrited|cancel|canceled|cancelled|cancellation|cancelation|terminate"
    "|terminated|termination|exit|exited|quit|resigned|resignation|unsubscribed?|unsubscription"
    "|deleted?|deletion|closed|closure|deactivated|deactivation|lapsed|withdrawn|offboarded"
)
_OTHERS = (
    "kundigung|kuendigung|gekundigt|gekuendigt|abgang|austritt|ausgetreten|abmeldung|abgemeldet"
    "|abwanderung|abgewandert|storno|storniert|stornierung|geloscht|geloescht|loschung|loeschung"
    "|resiliation|resilie|resiliee|desabonnement|desabonne|radiation|cloture|supprime|suppression"
    "|baja|bajas|cancelacion|cancelado|cancelada|rescision|abandono|cierre|cancelamento|rescisao"
    "|encerramento|desligamento|disdetta|recesso|cessazione|cessato|chiusura|rescissione|abbandono"
    "|opzegging|opzeg|opgezegd|uitschrijving|beeindiging|uppsagning|uppsagd|avslut|avslutad"
    "|opsigelse|oppsigelse|avmelding|afmelding|wypowiedzenie|wypowiedzenia|rezygnacja|rezygnacji"
    "|vypoved|vypovedi|irtisanominen|irtisanomis|iptal|fesih|отток|оттока|расторжение|расторжения"
)
_LEFT = f"(?:{_ENGLISH}|{_OTHERS})"
_DATED = re.compile(
    rf"{_WHO}*{_LEFT}s?(?:{_STAMP}|{_WHY}|grund|datum|paiva|tarihi|dato)+"
    rf"|(?:{_DATE}|{_WHY}|дата|причина){_OF_THE}{_WHO}*{_OF_THE}{_LEFT}"
)
_ALONE = re.compile(rf"{_WHO}*{_LEFT}(?:flag|flg|ind|indicator|yn|kz)?")

_PROGRAM = (
    "(?:etl|elt|dwh|dw|dbt|airbyte|fivetran|stitch|sdc|meltano|sys|system|row|record|rec|src|source"
    "|meta|kafka|cdc|stg|staging|lake)"
)
_CHANGE = "(?:modified|modif|modification|updated?|upd|changed?|chg|edited|edit|mod|touched)"
_CHANGE_ELSEWHERE = (
    "(?:modification|modif|maj|miseajour|modificacion|actualizacion|alteracao|atualizacao|modifica"
    "|aggiornamento|wijziging|anderung|aenderung|aktualisierung|bearbeitung)"
)
_CHANGED = re.compile(
    rf"{_PROGRAM}*(?:last)?{_CHANGE}{_STAMP}+|{_PROGRAM}*last{_CHANGE}|mtime"
    r"|(?:zuletzt|letztmals)?(?:geandert|geaendert|aktualisiert|bearbeitet)(?:am|um|zeit|datum)*"
    rf"|(?:letzte|laatste)?{_CHANGE_ELSEWHERE}s(?:datum|zeit|zeitpunkt|zeitstempel)"
    rf"|{_DATE}(?:hora|heure)?{_OF_THE}(?:derniere|ultima)?{_CHANGE_ELSEWHERE}"
    rf"|(?:derniere|ultima|letzte|laatste){_CHANGE_ELSEWHERE}"
    "|(?:modifie|misajour)(?:le|a)|(?:actualizado|modificado|alterado|atualizado)(?:en|em|el)"
    "|(?:laatst)?gewijzigd(?:op)?"
)
_LOAD = (
    "(?:load|loaded|ingest|ingested|ingestion|insert|inserted|import|imported|extract|extracted"
    "|extraction|sync|synced|synchronized|replicated|replication|refresh|refreshed|landed|export"
    "|exported|batch|snapshot|job|run)"
)
_LOADED = re.compile(
    rf"{_PROGRAM}*{_LOAD}{_STAMP}+|{_PROGRAM}+{_LOAD}{_STAMP}*"
    "|(?:lade|import|export|extraktions)(?:datum|zeit|zeitpunkt|zeitstempel)"
    rf"|{_DATE}{_OF_THE}(?:chargement|import|extraction|export|carga|extraccion|caricamento)"
)


def looks_like_leaving(name: str, *, is_alone: bool = False) -> bool:
    """Whether a name denotes what is known once a customer has left, such as ``cancel_reason``.

    ``is_alone``: whether the column has two values or is a time, so that ``closed`` says it.

    >>> [looks_like_leaving(n) for n in ("churn_date", "Kündigungsdatum", "closed_tickets")]
    [True, True, False]
    >>> looks_like_leaving("deleted"), looks_like_leaving("account_closed", is_alone=True)
    (False, True)
    """
    letters = letters_of(name)
    return bool(_DATED.fullmatch(letters) or (is_alone and _ALONE.fullmatch(letters)))


def looks_like_change(name: str) -> bool:
    """Whether a time of that name is that of a row's last change, such as ``last_modified``."""
    return _CHANGED.fullmatch(letters_of(name)) is not None


def looks_like_load(name: str) -> bool:
    """Whether a time of that name is that of a program which has copied the row.

    >>> looks_like_load("etl_loaded_at"), looks_like_load("created_at")
    (True, False)
    """
    return _LOADED.fullmatch(letters_of(name)) is not None
