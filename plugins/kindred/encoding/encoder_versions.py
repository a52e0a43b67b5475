"""Rows of ``encoder_versions``: fitted encoders as plain JSON, which are never changed."""

from datetime import datetime

from psycopg2.extras import Json

from kindred.encoding.encoder import FittedEncoder
from kindred.errors import EncoderMissingError
from kindred.spec.model import Spec
from kindred.warehouse.database import Database


def choose(database: Database, spec: Spec, as_of: datetime) -> int | None:
    """The version for a snapshot, by the rule of ``encoding/choose_encoder``; None if none fits."""
    parameters = {"spec_hash": spec.encoder_hash(), "as_of": as_of}
    version = database.value("encoding/choose_encoder", parameters)
    return None if version is None else int(version)


def check(database: Database, spec: Spec, version: int) -> int:
    """Check that a requested version exists and was fitted from this spec; return it.

    Raises
    ------
    EncoderMissingError
        The version cannot be used.
    """
    row = database.row("encoding/read_encoder", {"version": version})
    if row is None:
        raise EncoderMissingError(
            f"encoder_version {version} does not exist in schema {spec.internal_schema}; leave the"
            " parameter out, or fit one with 'kindred fit'"
        )
    if row[1] != spec.encoder_hash():
        raise EncoderMissingError(
            f"encoder_version {version} was fitted on other features than those that the spec of"
            f" space {spec.space!r} has now; leave the parameter out, or restore that spec"
        )
    return version


def read(database: Database, version: int) -> FittedEncoder:
    """The fitted encoder of a version."""
    row = database.row("encoding/read_encoder", {"version": version})
    if row is None:
        raise EncoderMissingError(f"encoder_version {version} does not exist; clear task 'prepare'")
    return FittedEncoder.from_json(row[0])


def fitted_as_of(database: Database, version: int) -> datetime:
    """The date as of which a version was fitted."""
    moment: datetime = database.value("encoding/fitted_as_of", {"version": version})
    return moment


def freezes_lists(database: Database, version: int) -> bool:
    """Whether the snapshots of a version share the lists that are stored with it."""
    return bool(database.value("encoding/freezes_lists", {"version": version}))


def find(database: Database, spec: Spec, fitted_as_of: datetime) -> int | None:
    """The version fitted from this spec as of a date, if any."""
    parameters = {"spec_hash": spec.encoder_hash(), "fitted_as_of": fitted_as_of}
    version = database.value("encoding/find_encoder", parameters)
    return None if version is None else int(version)


def was_withdrawn(database: Database, spec: Spec, fitted_as_of: datetime) -> bool:
    """Whether a version of this spec, fitted as of a date, was withdrawn."""
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
    """Store a fitted encoder; return its version."""
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
