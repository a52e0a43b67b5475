"""``encoder_versions``: fitted encoders as plain JSON, chosen by rule, never changed."""

from datetime import datetime

from psycopg2.extras import Json

from kindred.encoding.encoder import FittedEncoder
from kindred.errors import EncoderMissingError
from kindred.spec.model import Spec
from kindred.warehouse.database import Database


def choose(database: Database, spec: Spec, as_of: datetime) -> int | None:
    """The version for a snapshot by the rule of ``encoders/choose``; None without any."""
    parameters = {"spec_hash": spec.encoder_hash(), "as_of": as_of}
    version = database.value("encoding/choose_encoder", parameters)
    return None if version is None else int(version)


def check(database: Database, spec: Spec, version: int) -> int:
    """A version asked for by number, if it exists and was fitted from this spec.

    Raises
    ------
    EncoderMissingError
        when it cannot be used.
    """
    row = database.row("encoding/read_encoder", {"version": version})
    if row is None:
        raise EncoderMissingError(
            f"encoder_version {version} does not exist in schema {spec.internal_schema}; leave the"
            " parameter out, or fit one with 'kindred fit'"
        )
    if row[1] != spec.encoder_hash():
        raise EncoderMissingError(
            f"encoder_version {version} was fitted from other features than the spec of space"
            f" {spec.space!r} names now; leave the parameter out, or restore that spec"
        )
    return version


def read(database: Database, version: int) -> FittedEncoder:
    """The fitted encoder of a version."""
    row = database.row("encoding/read_encoder", {"version": version})
    if row is None:
        raise EncoderMissingError(f"encoder_version {version} does not exist; clear task 'prepare'")
    return FittedEncoder.from_json(row[0])


def fitted_as_of(database: Database, version: int) -> datetime:
    """The moment that a version was fitted as of."""
    moment: datetime = database.value("encoding/fitted_as_of", {"version": version})
    return moment


def find(database: Database, spec: Spec, fitted_as_of: datetime) -> int | None:
    """The version that was fitted from this spec as of a moment."""
    parameters = {"spec_hash": spec.encoder_hash(), "fitted_as_of": fitted_as_of}
    version = database.value("encoding/find_encoder", parameters)
    return None if version is None else int(version)


def was_withdrawn(database: Database, spec: Spec, fitted_as_of: datetime) -> bool:
    """Whether a version of this spec as of a moment was taken back."""
    parameters = {"spec_hash": spec.encoder_hash(), "fitted_as_of": fitted_as_of}
    return bool(database.value("encoding/was_withdrawn", parameters))


def insert(
    database: Database,
    spec: Spec,
    encoder: FittedEncoder,
    *,
    fitted_as_of: datetime,
    customers: int,
) -> int:
    """Store a fitted encoder; returns its version."""
    features = {name: feature.model_dump(mode="json") for name, feature in spec.features.items()}
    parameters = {
        "spec_hash": spec.encoder_hash(),
        "spec": Json(features),
        "fitted": Json(encoder.to_json()),
        "dimensions": encoder.dimensions,
        "column_blocks": Json({c: list(block) for c, block in encoder.column_blocks.items()}),
        "fitted_as_of": fitted_as_of,
        "customers": customers,
    }
    return int(database.value("encoding/insert_encoder", parameters))
