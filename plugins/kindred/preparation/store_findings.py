"""Whether artefacts have a place, and room: a disk, or an object store and a scratch folder."""

from collections.abc import Iterator

from kindred.artefacts.arrays import nameless_file
from kindred.artefacts.folder import free_megabytes
from kindred.artefacts.stores import (
    is_in_memory,
    keeps_versions,
    probe,
    scratch_folder,
)
from kindred.errors import ArtefactError, SettingsError, StoreUnreachableError
from kindred.run.findings import Finding, Outcome
from kindred.settings import Settings
from kindred.spec.model import Spec

BYTES_PER_VALUE = 8


def findings(spec: Spec, settings: Settings, rows: int) -> Iterator[Finding]:
    """Look at where ``KINDRED_ARTIFACTS`` points; a small object is written there and removed.

    Raises
    ------
    StoreUnreachableError
        when the store does not answer.
    """
    root = settings.artifacts
    try:
        free = free_megabytes(root)
        if free is not None:
            yield _room("artefacts", "KINDRED_ARTIFACTS", root, free, spec, settings, rows)
            return
        probe(root)
        scratch = scratch_folder()
        nameless_file(scratch).close()
    except StoreUnreachableError:
        raise  # which is tried again
    except (ArtefactError, SettingsError) as error:
        yield Finding("artefacts", Outcome.FAILURE, str(error))
        return
    yield Finding("artefacts", Outcome.OK, f"{root} can be written, read and cleaned up")
    if keeps_versions(root):
        yield Finding(
            "artefacts",
            Outcome.WARNING,
            f"{root}: the bucket keeps versions of what is removed, so vectors of erased customers"
            " stay there; use a bucket without versioning, or let its rules expire noncurrent"
            " versions within the days that you have for an erasure",
        )
    free = free_megabytes(scratch) or 0
    yield _room("scratch copies", "KINDRED_SCRATCH", scratch, free, spec, settings, rows)
    if is_in_memory(scratch):
        yield Finding(
            "scratch",
            Outcome.WARNING,
            f"scratch folder {scratch} is in memory: copies of arrays would take that of the tasks;"
            " point KINDRED_SCRATCH at a folder on a disk",
        )


def _room(
    what: str, variable: str, place: str, free: int, spec: Spec, settings: Settings, rows: int
) -> Finding:
    width = sum(feature.max_width for feature in spec.features.values())
    forecast = rows * (width + 3 * spec.k) * BYTES_PER_VALUE // 2**20
    needed = settings.min_free_disk_mb + forecast
    if free >= needed:
        return Finding("disk", Outcome.OK, f"{free} MB free at {place}, {needed} needed")
    return Finding(
        "disk",
        Outcome.FAILURE,
        f"{what}: {free} MB are free at {place}, {needed} MB are needed"
        f" (KINDRED_MIN_FREE_DISK_MB = {settings.min_free_disk_mb} and {forecast} MB forecast"
        f" for {rows} customers); free space, or point {variable} elsewhere",
    )
