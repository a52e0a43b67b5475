"""Where artefacts are kept: a folder of this machine, an object store, or what else fsspec opens.

In an object store a file appears when it has been sent completely, large ones in parts; there are
neither folders to make nor files to rename. Its listings are never cached: other workers write.
"""

import errno
import os
import posixpath
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import deepcopy
from typing import IO, Any
from urllib.parse import urlsplit
from uuid import uuid4

import fsspec
import psutil
from fsspec.implementations.local import LocalFileSystem

from kindred.errors import ArtefactError, StoreUnreachableError
from kindred.settings import Places

OBJECT_STORES = {
    "s3": "s3", "s3a": "s3",
    "gs": "gcs", "gcs": "gcs",
    "abfs": "adl", "abfss": "adl", "az": "adl",
}  # fmt: skip
"""Schemes of URLs, and the store that each is of."""
CONNECTION = "kindred_artifacts"
S3_EXTRAS = ("endpoint_url", "region_name", "aws_session_token")
PART_BYTES = 1 << 24
"""Of a file that is sent in parts."""
FETCH_BYTES, THREADS = 1 << 22, 4
"""Of a file that is fetched in parts, so many at once: what this takes of memory is bounded."""
_MOST_PARTS = 9_000  # S3 allows 10,000
_PROBE = b"kindred"
EXTRAS = {"s3": "kindred[s3]"}
_FRESH = {"use_listings_cache": False}
_PATIENCE = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 5}}
"""Seconds, and how often a request is tried; fsspec tries parts of files again besides."""
_OPTIONS: dict[str, dict[str, Any]] = {
    # Some stores want parts of one size.
    "s3": {**_FRESH, "config_kwargs": _PATIENCE, "fixed_upload_size": True},
    "gcs": _FRESH,
    "adl": _FRESH,
}


def open_store(url: str) -> tuple[Any, str]:
    """The file system of a path or fsspec URL, and the path there.

    Raises
    ------
    ArtefactError
        when there are no stores of this kind, or the package for them is not installed.
    """
    kind = OBJECT_STORES.get(scheme_of(url), "")
    try:
        if kind == "s3":
            import s3fs  # noqa: F401, what fsspec loads then
        # A copy: s3fs adds to them, and what is opened with other options gets another client.
        options = deepcopy(_OPTIONS.get(kind, {}))
        found: tuple[Any, str] = fsspec.core.url_to_fs(url, **options)
    except ImportError as error:
        package = EXTRAS.get(kind, "the package that fsspec names")
        raise ArtefactError(
            f"{url} cannot be opened ({error}); install {package} on every machine that runs tasks"
        ) from error
    except ValueError as error:
        raise ArtefactError(
            f"{url} cannot be opened ({error}); allowed are full paths, and URLs that fsspec opens,"
            " such as s3://bucket/folder"
        ) from error
    return found


def is_endpoint(address: object) -> bool:
    """Whether this is the address of a server, as the AWS SDK wants it."""
    try:
        parts = urlsplit(address) if isinstance(address, str) else None
        return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def scheme_of(url: str) -> str:
    """The scheme of a URL; empty for a path."""
    scheme, separator, _ = url.partition("://")
    return scheme.lower() if separator else ""


def failure_of(filesystem: Any, error: BaseException) -> type[ArtefactError]:
    """What a failure of a store is: one of an object store that forbids nothing may pass."""
    is_final = is_refusal(error) or is_local(filesystem)
    return ArtefactError if is_final else StoreUnreachableError


def is_refusal(error: BaseException) -> bool:
    """Whether a store forbids something, or has no such bucket."""
    return isinstance(error, PermissionError | FileNotFoundError)


def is_lost(error: BaseException) -> bool:
    """Whether there is no such file: nothing, a folder, or a circle of links."""
    kinds = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
    return isinstance(error, kinds) or getattr(error, "errno", None) == errno.ELOOP


def is_s3(url: str) -> bool:
    """Whether a URL is of S3, or of another store that speaks its language."""
    return OBJECT_STORES.get(scheme_of(url)) == "s3"


def is_local(filesystem: Any) -> bool:
    """Whether files are on a disk of this machine, so that they can be mapped."""
    return isinstance(filesystem, LocalFileSystem)


def is_object_store(filesystem: Any) -> bool:
    """Whether a file appears whole, and under its name only."""
    protocols = filesystem.protocol
    names = (protocols,) if isinstance(protocols, str) else protocols
    return not OBJECT_STORES.keys().isdisjoint(names)


def errors() -> tuple[type[BaseException], ...]:
    """What a store raises when it cannot be used: classes of packages that are loaded by then."""
    found: list[type[BaseException]] = [OSError]
    for module, name in (
        ("botocore.exceptions", "BotoCoreError"),
        ("botocore.exceptions", "ClientError"),
        ("aiohttp", "ClientError"),
    ):
        if module in sys.modules:
            found.append(getattr(sys.modules[module], name))
    return tuple(found)


def use_s3_options(fields: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
    """Let this process log in to S3 as a connection says, from the next store on.

    ``login`` and ``password`` are an access key and its secret; without them, those of the
    environment count. ``extra`` may have what `S3_EXTRAS` names.
    """
    options = {"key": fields.get("login"), "secret": fields.get("password")}
    options |= {"token": extra.get("aws_session_token")}
    options |= {"endpoint_url": extra.get("endpoint_url")}
    given = {name: value for name, value in options.items() if value}
    if extra.get("region_name"):
        given["client_kwargs"] = {"region_name": extra["region_name"]}
    fsspec.config.conf["s3"] = given


def scratch_folder() -> str:
    """Where copies of remote arrays are kept while they are mapped; it need not be there yet."""
    return str(Places.from_env().scratch or tempfile.gettempdir())


def is_in_memory(folder: str) -> bool:
    """Whether a folder is no disk, but memory: what is written there is not to be had by tasks."""
    path = os.path.realpath(folder)
    mounts = [
        mount
        for mount in psutil.disk_partitions(all=True)
        if path == mount.mountpoint or path.startswith(mount.mountpoint.rstrip("/") + "/")
    ]
    # Of several on one place, the last one hides the others.
    found = max(mounts, key=lambda mount: len(mount.mountpoint), default=None)
    return found is not None and found.fstype in ("tmpfs", "ramfs")


def write_whole(
    filesystem: Any, path: str, write: Callable[[IO[bytes]], object], size: int = 0
) -> None:
    """Write a file of about ``size`` bytes: it exists whole, under its name, or not at all.

    What has been sent of an object is given up where writing fails; if the process is killed, its
    parts stay unseen until the store expires them.
    """
    if not is_object_store(filesystem):
        write_aside(filesystem, path, write)
        return
    stream = filesystem.open(path, "wb", block_size=max(PART_BYTES, size // _MOST_PARTS))
    try:
        write(stream)
        stream.close()
    except BaseException:
        with suppress(*errors()):
            stream.discard()
        stream.closed = True  # or else closing it would complete what was sent
        raise


def write_aside(filesystem: Any, path: str, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file under another name, then rename it."""
    aside = f"{path}.{uuid4().hex}"
    try:
        with filesystem.open(aside, "wb") as stream:
            write(stream)
        if filesystem.isdir(path):  # a file would be moved into it
            filesystem.rm(path, recursive=True)
        filesystem.mv(aside, path)
    except OSError:
        if filesystem.exists(aside):
            filesystem.rm_file(aside)
        raise


def make_folder(filesystem: Any, path: str) -> None:
    """Make a folder with its parents; in an object store there are none, and no bucket is made."""
    if not is_object_store(filesystem):
        filesystem.makedirs(path, exist_ok=True)


def fetch(filesystem: Any, path: str, size: int, descriptor: int) -> None:
    """Copy a remote file of ``size`` bytes into an open one, some parts at a time."""

    def copy(start: int) -> None:
        part = filesystem.cat_file(path, start=start, end=min(size, start + FETCH_BYTES))
        os.pwrite(descriptor, part, start)

    with ThreadPoolExecutor(THREADS) as threads:
        for _ in threads.map(copy, range(0, size, FETCH_BYTES)):
            pass


def remove(filesystem: Any, path: str) -> None:
    """Remove a file, or a folder with all that is in it, if it is there.

    Objects are removed one by one, by their names: s3fs takes ``*`` and ``[`` for patterns where it
    removes many at once, and passes over those that the store refuses to remove.
    """
    if is_object_store(filesystem):
        for name in filesystem.find(path):
            filesystem.rm_file(name)
        return
    while filesystem.exists(path):  # a run of another date may be removing it at the same time
        with suppress(FileNotFoundError):
            filesystem.rm(path, recursive=True)


def probe(url: str) -> None:
    """Write, read and remove a small file below a URL, whose bucket must be there.

    Raises
    ------
    ArtefactError
        with what is not possible and what to do.
    StoreUnreachableError
        likewise, when that may pass by itself.
    """
    filesystem, path = open_store(url)
    bucket, name = path.partition("/")[0], posixpath.join(path, f".kindred-{uuid4().hex}")
    steps: list[tuple[str, Callable[[], object]]] = [
        ("written", lambda: filesystem.pipe_file(name, _PROBE)),
        ("read", lambda: filesystem.cat_file(name)),
        ("removed", lambda: filesystem.rm_file(name)),
    ]
    if is_s3(url):
        steps.insert(0, ("found", lambda: filesystem.call_s3("head_bucket", Bucket=bucket)))
    for what, step in steps:
        try:
            step()
        except FileNotFoundError as error:
            raise ArtefactError(
                f"{url}: there is no bucket {bucket!r}, or this user may not see it; have it made,"
                " since Kindred makes none, or correct KINDRED_ARTIFACTS"
            ) from error
        except errors() as error:
            raise failure_of(filesystem, error)(
                f"{url}: artefacts cannot be {what} there ({type(error).__name__}: {error}); check"
                f" the credentials (connection {CONNECTION!r}, or the environment) and their"
                " rights to get, put, list and delete objects"
            ) from error


def keeps_versions(url: str) -> bool:
    """Whether removed objects stay as versions of a bucket; False also where it is not known."""
    if not is_s3(url):
        return False
    filesystem, path = open_store(url)
    try:
        found = filesystem.call_s3("get_bucket_versioning", Bucket=path.partition("/")[0])
    except errors():
        return False  # another right than those that are needed, or a store without versions
    return found.get("Status") in ("Enabled", "Suspended")
