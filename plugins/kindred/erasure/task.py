"""Erase one customer for good, from every table, snapshot and artefact of a space."""

import logging
import time
from collections import Counter
from datetime import datetime
from typing import Any

import numpy as np

from kindred.artefacts.folder import ArtefactFolder, settings_folders
from kindred.artefacts.stored_reports import remove_reports
from kindred.encoding.vectors import MADE_BY, VECTORS
from kindred.erasure import erasure_rows
from kindred.erasure.erasure_rows import Request
from kindred.errors import KindredError, LostArtefactError
from kindred.history import key_padding, suppression
from kindred.history.erasure_key import ErasureKey
from kindred.run.context import Deployment
from kindred.spec.model import schema_of
from kindred.warehouse import schemas
from kindred.warehouse.copy_writer import Array
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType
from kindred.warehouse.locks import Resource, locked

log = logging.getLogger(__name__)

# ERASURE comes first. Running stages share it; once it is held exclusively, no stage holds or waits
# for any of the others.
LOCKED_RESOURCES = (
    Resource.ERASURE,
    Resource.SCHEMA,
    Resource.EXTRACT,
    Resource.PUBLISH,
    Resource.EMBEDDINGS,
    Resource.CLUSTER_IDS,
)

UNKNOWN = (
    "no customer was known under this id, so nothing was erased; the id is kept from landing. If"
    " the person is in the space, request it again as it is written there"
)


def request_erasure(deployment: Deployment, space_name: str, text: str) -> int:
    """Record that a customer is to be erased; returns the number of the request."""
    schema = schema_of(space_name)
    with deployment.warehouse(f"kindred {space_name} request-erasure", schema) as warehouse:
        erasure_rows.require_prepared(warehouse, schema)
        with erasure_rows.hide_error_details():
            key_type = schemas.key_type_in(warehouse, schema)
            if key_type is KeyType.TEXT and key_padding.is_ignored(warehouse):
                text = text.rstrip(" ")
            return erasure_rows.add_request(warehouse, key_type, text)


def erase(deployment: Deployment, space_name: str, number: int) -> dict[str, Any]:
    """Carry out a request; returns its receipt. If killed at any step, the next try finishes it.

    The id appears neither in the log nor in an error.

    Raises
    ------
    DataError
        when there is no such request.
    SettingsError
        when the secret is missing, or differs from that of earlier erasures.
    LockTimeoutError
        when a running stage does not end within the limit.
    """
    schema = schema_of(space_name)
    label = f"kindred {space_name} erase {number}"
    with deployment.warehouse(label, schema) as warehouse:
        erasure_rows.require_prepared(warehouse, schema)
        try:
            with erasure_rows.hide_error_details():
                return _erase_once(deployment, warehouse, space_name, number)
        except KindredError as error:
            if not warehouse.connection.closed:
                erasure_rows.record_failure(warehouse, number, str(error))
            raise


def _erase_once(
    deployment: Deployment, warehouse: Database, space_name: str, number: int
) -> dict[str, Any]:
    if erasure_rows.read_request(warehouse, number).status != "done":
        secret = ErasureKey.from_env()
        wait_seconds = deployment.settings.lock_wait_seconds
        with locked(warehouse, schema_of(space_name), *LOCKED_RESOURCES, wait_seconds=wait_seconds):
            suppression.require_same_secret(warehouse, secret)
            request = erasure_rows.read_request(warehouse, number)
            if request.status != "done":
                return _erase(deployment, warehouse, space_name, request, secret)
    log.info("erasure request %d is done already", number)
    return erasure_rows.read_request(warehouse, number).receipt


def _erase(
    deployment: Deployment,
    warehouse: Database,
    space_name: str,
    request: Request,
    secret: ErasureKey,
) -> dict[str, Any]:
    """First the tables, in one transaction that also stores the key's hash; then the artefacts."""
    started = time.monotonic()
    schema = schema_of(space_name)
    customer = str(request.customer_id)
    key_type = schemas.key_type_in(warehouse, schema)
    ignores_case = suppression.ignores_case(warehouse, key_type)
    key = key_type.parse(customer)
    receipt = request.receipt
    with warehouse.transaction():
        if key_type is KeyType.TEXT:
            folded = erasure_rows.folded_key(warehouse, request.number)
            suppression.add_folded(warehouse, secret, folded)
        spelled: Request | None = request
        while spelled is not None:
            exports = erasure_rows.exports_with(warehouse, spelled)
            rows, snapshots = erasure_rows.erase_rows(warehouse, spelled, schema)
            suppression.add(warehouse, secret, str(spelled.customer_id))
            receipt = _merged_receipt(receipt, rows, snapshots, exports)
            spelled = (
                erasure_rows.next_spelling(warehouse, request.number) if ignores_case else None
            )
        erasure_rows.record_receipt(warehouse, request.number, receipt)
    receipt["artefacts"] += _erase_artefacts(
        deployment.settings.artifacts, space_name, key, ignores_case=ignores_case
    )
    receipt["seconds"] = round(receipt["seconds"] + time.monotonic() - started, 3)
    erasure_rows.finish(warehouse, request.number, receipt)
    log.info(
        "erasure request %d is done: %d rows, %d sets of artefacts, %d snapshots",
        request.number,
        sum(receipt["rows"].values()),
        receipt["artefacts"],
        len(receipt["snapshots"]),
    )
    if "warning" in receipt:
        log.warning("erasure request %d: %s", request.number, receipt["warning"])
    return receipt


def _merged_receipt(
    before: dict[str, Any], rows: Counter[str], snapshots: list[datetime], exports: list[int]
) -> dict[str, Any]:
    """The receipt of this try and of earlier ones that were killed."""
    moments = {as_of.isoformat() for as_of in snapshots}
    exported = sorted({*exports, *before.get("exports", ())})
    all_rows = Counter(before.get("rows", {})) + rows
    return {
        "rows": dict(sorted(all_rows.items())),
        "artefacts": int(before.get("artefacts", 0)),
        "snapshots": sorted(moments | set(before.get("snapshots", ()))),
        "seconds": float(before.get("seconds", 0.0)),
        # Files that have left, which nobody here can erase.
        **({"exports": exported} if exported else {}),
        **({} if all_rows else {"warning": UNKNOWN}),
    }


def _erase_artefacts(root: str, space_name: str, key: Array, *, ignores_case: bool = False) -> int:
    """Remove the artefacts of each snapshot whose vectors hold the customer, or are lost.

    What cannot be read for the moment, such as where scratch is full, ends this before anything is
    removed. ``ignores_case``: in any spelling.

    The stored reports are removed too: the next night makes the newest again.
    """
    chosen = [
        folder
        for folder in settings_folders(root, space_name)
        if _contains_customer(folder, key, ignores_case=ignores_case)
    ]
    for folder in chosen:
        folder.remove()
    return remove_reports(root, space_name) + len(chosen)


def _contains_customer(folder: ArtefactFolder, key: Array, *, ignores_case: bool) -> bool:
    try:
        customers = folder.read(VECTORS, MADE_BY, only=["customers"]).arrays["customers"]
    except LostArtefactError as error:
        log.warning("removed, since nobody can tell who is in it: %s", error)
        return True
    if customers.dtype.kind != key.dtype.kind:
        return True
    if ignores_case:
        customers, key = (np.char.lower(np.char.decode(keys, "utf-8")) for keys in (customers, key))
    return bool((customers == key[0]).any())
