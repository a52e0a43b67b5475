"""Artefacts in a bucket: sent in parts, read through a scratch folder, never half-written."""

import os
import subprocess
import sys
from pathlib import Path

import fsspec
import numpy as np
import pytest

from kindred.artefacts import stores
from kindred.artefacts.folder import snapshot_folders
from kindred.artefacts.stored_reports import remove_reports, store_report
from kindred.artefacts.stores import FETCH_BYTES, keeps_versions, open_store, probe
from kindred.errors import (
    ArtefactError,
    LostArtefactError,
    PreflightError,
    StoreUnreachableError,
)
from kindred.preparation.store_findings import findings
from kindred.run.findings import Outcome
from kindred.run.store_login import log_in
from kindred.settings import Settings
from unit.artefact_cases import ARRAYS, AS_OF, folder
from unit.spec_content import spec

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
FIVE_MEGABYTES = 5 << 20  # the least that S3 takes as a part
LARGE = np.arange(3 << 20, dtype=np.float32).reshape(-1, 4)  # 12 MB


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(stores, "PART_BYTES", FIVE_MEGABYTES)


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("KINDRED_SCRATCH", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


def objects(url):
    filesystem, path = open_store(url)
    return {name.rsplit("/", 1)[-1] for name in filesystem.find(path)}


def test_a_large_array_is_sent_and_read_in_parts(store, small_parts, scratch):
    remote = folder(store.bucket())
    remote.write("vectors", {"vectors": LARGE, "customers": ARRAYS["customers"]}, {"rows": 1})
    sent = [line for line in store.seen if "partNumber=" in line]
    assert len(sent) == 3
    assert not [line for line in store.seen if line.startswith("COPY") or "copy" in line.lower()]
    store.seen.clear()
    found = remote.read("vectors", "encode", only=["vectors"]).arrays["vectors"]
    np.testing.assert_array_equal(found, LARGE)
    assert isinstance(found, np.memmap)
    assert list(scratch.iterdir()) == []
    got = [line for line in store.seen if line.startswith("GET") and ".npy" in line]
    assert len(got) == 4  # the parts of the array, and nothing of the other one
    assert all("vectors.npy" in line for line in got)


def test_a_process_makes_one_client_of_a_bucket(store):
    url = store.bucket()
    first, path = open_store(url)
    first.pipe_file(f"{path}/any", b"bytes")
    assert open_store(f"{url}/other")[0] is first


def test_a_bucket_is_never_made(store):
    missing = "s3://kindred-not-there"
    with pytest.raises(ArtefactError, match=r"cannot be written to s3://kindred-not-there"):
        folder(missing).write("vectors", ARRAYS, {})
    with pytest.raises(ArtefactError, match="clear task 'encode'"):
        folder(missing).read("vectors", "encode")
    with pytest.raises(ArtefactError, match="there is no bucket 'kindred-not-there'"):
        probe(missing)
    names = fsspec.filesystem("s3").call_s3("list_buckets")["Buckets"]
    assert "kindred-not-there" not in [bucket["Name"] for bucket in names]


def test_what_fails_while_it_is_sent_leaves_nothing(store, small_parts):
    """Neither the part of an array nor an upload that goes on costing money."""
    url = store.bucket()
    left = [2]

    def fails_with_the_second_part(environ):
        if "partNumber=2" in environ.get("QUERY_STRING", ""):
            left[0] -= 1
            return "403 Forbidden"
        return None

    store.faults.append(fails_with_the_second_part)
    with pytest.raises(ArtefactError, match="cannot be written"):
        folder(url).write("vectors", {"vectors": LARGE}, {})
    store.faults.clear()
    assert left[0] < 2
    assert objects(url) == set()
    bucket = url.removeprefix("s3://")
    uploads = fsspec.filesystem("s3").call_s3("list_multipart_uploads", Bucket=bucket)
    assert not uploads.get("Uploads")


def test_a_store_that_is_busy_is_asked_again(store, small_parts, scratch):
    remote, failures = folder(store.bucket()), []

    def busy_once(environ):
        part = environ.get("HTTP_RANGE", environ["QUERY_STRING"])
        wanted = "partNumber=2" in part or part == f"bytes={FETCH_BYTES}-{2 * FETCH_BYTES - 1}"
        if wanted and part not in failures:
            failures.append(part)
            return "503 Slow Down"
        return None

    store.faults.append(busy_once)
    remote.write("vectors", {"vectors": LARGE}, {})
    np.testing.assert_array_equal(remote.read("vectors", "encode").arrays["vectors"], LARGE)
    assert len(failures) == 2


def test_a_store_that_stays_away_may_come_back(store, monkeypatch):
    """Airflow tries such a task again; a damaged artefact or a missing right it does not."""
    remote = folder(store.bucket())
    remote.write("vectors", ARRAYS, {})
    monkeypatch.setitem(stores._PATIENCE, "retries", {"max_attempts": 0})
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)
    fsspec.filesystem("s3").clear_instance_cache()
    store.faults.append(lambda environ: "503 Service Unavailable")
    with pytest.raises(StoreUnreachableError, match="cannot be read"):
        remote.read("vectors", "encode")
    with pytest.raises(StoreUnreachableError, match="cannot be written"):
        remote.write("vectors", ARRAYS, {})
    store.faults[:] = [lambda environ: "403 Forbidden"]
    with pytest.raises(ArtefactError, match="cannot be read") as caught:
        remote.read("vectors", "encode")
    assert not isinstance(caught.value, StoreUnreachableError)


def test_copies_leave_room_on_the_scratch_disk(store, scratch, monkeypatch):
    remote = folder(store.bucket())
    remote.write("vectors", ARRAYS, {})
    monkeypatch.setenv("KINDRED_MIN_FREE_DISK_MB", str(10**9))
    with pytest.raises(ArtefactError, match=r"copied to .*scratch, .*point KINDRED_SCRATCH at a"):
        remote.read("vectors", "encode")
    assert list(scratch.iterdir()) == []


def test_an_unusable_scratch_folder_is_named_and_no_task(store, tmp_path, monkeypatch):
    remote = folder(store.bucket())
    remote.write("vectors", ARRAYS, {})
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", Path("/proc/kindred")):
        monkeypatch.setenv("KINDRED_SCRATCH", str(place))
        with pytest.raises(ArtefactError, match=f"KINDRED_SCRATCH: .* in {place}: ") as caught:
            remote.read("vectors", "encode")
        assert "clear task" not in str(caught.value)


@pytest.mark.parametrize("root", ["k*", "[k]", "k?"])
def test_names_are_no_patterns(store, root):
    url = store.bucket()
    there, beside = (folder(f"{url}/{name}") for name in (root, "k"))
    for one in (there, beside):
        one.write("vectors", ARRAYS, {})
        one.write("vectors", ARRAYS, {})
    there.remove()
    assert not there.has("vectors")
    assert beside.has("vectors")
    there.remove()


def test_what_may_not_be_removed_or_seen_is_said(store):
    url = store.bucket(is_versioned=True)
    remote = folder(url)
    remote.write("vectors", ARRAYS, {})
    report = store_report(url, "default", AS_OF, "text")
    store.faults.append(
        lambda environ: "403 Forbidden" if environ["REQUEST_METHOD"] == "DELETE" else None
    )
    with pytest.raises(ArtefactError, match=r"cannot be removed: .*let this user remove"):
        remote.remove()
    with pytest.raises(ArtefactError, match="a report cannot be removed"):
        remove_reports(url, "default")
    assert report.rpartition("/")[2] in objects(url)
    store.faults[:] = [lambda environ: "403 Forbidden"]
    for look in (lambda: remote.has("vectors"), lambda: snapshot_folders(url, "default")):
        with pytest.raises(ArtefactError, match=r"cannot be listed .*let this user list") as caught:
            look()
        assert not isinstance(caught.value, StoreUnreachableError)
    store.faults.clear()
    remote.remove()
    assert remove_reports(url, "default") == 1
    assert objects(url) == set()


def test_a_lost_array_is_named(store, scratch):
    remote = folder(store.bucket())
    remote.write("vectors", ARRAYS, {})
    filesystem, path = open_store(f"{remote.path}/vectors/customers.npy")
    filesystem.rm_file(path)
    with pytest.raises(LostArtefactError, match="array 'customers' of artefact 'vectors' is not"):
        remote.read("vectors", "encode")


def test_what_the_store_refuses_names_the_rights(store):
    url = store.bucket()
    for method, what in (("PUT", "written"), ("DELETE", "removed")):
        store.faults[:] = [
            lambda environ, method=method: (
                "403 Forbidden" if environ["REQUEST_METHOD"] == method else None
            )
        ]
        with pytest.raises(ArtefactError, match=f"artefacts cannot be {what} there .*credentials"):
            probe(url)
    store.faults.clear()
    probe(url)
    assert keeps_versions(url) is False


def test_doctor_looks_at_bucket_and_scratch_folder(store, scratch, monkeypatch):
    def found(url):
        monkeypatch.setenv("KINDRED_ARTIFACTS", url)
        return [(one.outcome, one.message) for one in findings(spec(), Settings.from_env(), 10)]

    good = found(store.bucket() + "/nightly")
    assert [outcome for outcome, _ in good if outcome is Outcome.FAILURE] == []
    assert any(f"MB free at {scratch}" in message for _, message in good)
    versioned = [
        message
        for outcome, message in found(store.bucket(is_versioned=True))
        if outcome is Outcome.WARNING
    ]
    assert any("vectors of erased customers stay there" in message for message in versioned)
    monkeypatch.setenv("KINDRED_SCRATCH", "/proc/kindred")
    [(outcome, message)] = found(store.bucket())
    assert (outcome, message[:15]) == (Outcome.FAILURE, "KINDRED_SCRATCH")
    [(outcome, message)] = found("s3://kindred-not-there")
    assert outcome is Outcome.FAILURE
    assert "Kindred makes none" in message


def test_a_connection_logs_in(store, monkeypatch):
    url = store.bucket()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setitem(fsspec.config.conf, "s3", {})
    extra = f"endpoint_url={store.endpoint.replace('/', '%2F')}&region_name=us-east-1"
    monkeypatch.setenv("AIRFLOW_CONN_KINDRED_ARTIFACTS", f"aws://tester:a%2Fb@/?{extra}")
    log_in.cache_clear()
    log_in(url, lambda _: pytest.fail("the environment comes first"))
    assert fsspec.config.conf["s3"]["secret"] == "a/b"
    probe(url)
    log_in.cache_clear()


def test_an_endpoint_without_a_scheme_is_refused(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "minio:9000")
    log_in.cache_clear()
    with pytest.raises(PreflightError, match="AWS_ENDPOINT_URL_S3 is no address of a server"):
        log_in("s3://bucket/folder", lambda _: None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("postgresql://tester:s3cret@db/warehouse", "must be of type 'aws'"),
        ("aws://tester:s3cret@/?endpoint=http%3A%2F%2Fs3cret", "'endpoint', .*'endpoint_url'"),
        ('{"conn_type": "aws", "extra": "s3cret', "neither a URI such as .* nor a JSON connection"),
        ("aws://tester:s3cret@minio:9000", "names a host, .*'endpoint_url' in 'extra'"),
        ("aws://tester:s3cret@/?endpoint_url=minio%3A9000", "is no address of a server"),
        ('{"conn_type": "aws", "extra": {"endpoint_url": 5}}', "is no address of a server"),
        ("s3cret", "neither a URI such as .* nor a JSON connection"),
    ],
)
def test_a_wrong_connection_is_refused_without_its_secrets(monkeypatch, text, told):
    monkeypatch.setenv("AIRFLOW_CONN_KINDRED_ARTIFACTS", text)
    log_in.cache_clear()
    log_in("/var/lib/kindred", lambda _: None)  # no bucket, no connection
    with pytest.raises(PreflightError, match=told) as caught:
        log_in("s3://bucket", lambda _: None)
    assert "s3cret" not in str(caught.value)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ArtefactError, match=r"install kindred\[s3\] on every machine"):
        open_store("s3://bucket/artefacts")


# Not getrusage: its peak is that of the parent, too.
PEAK = """
import sys
from kindred.artefacts.folder import ArtefactFolder
def kilobytes(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if name in line)
kept = ArtefactFolder(sys.argv[1])
kept.read("warm", "encode")
before = kilobytes("VmHWM")
found = kept.read("vectors", "encode").arrays["vectors"]
print(found.nbytes, kilobytes("VmHWM") - before, kilobytes("RssAnon"))
"""


@pytest.mark.soak
def test_reading_half_a_gigabyte_takes_no_more_memory_than_from_a_disk(store, tmp_path):
    values = np.random.default_rng(1).random((1_250_000, 100), dtype=np.float32)
    found = os.pathsep.join(filter(None, (str(PLUGINS), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "KINDRED_SCRATCH": str(tmp_path / "scratch"), "PYTHONPATH": found}
    peaks = {}
    for root in (str(tmp_path / "local"), store.bucket()):
        kept = folder(root)
        kept.write("warm", ARRAYS, {})
        kept.write("vectors", {"vectors": values}, {})
        done = subprocess.run(
            [sys.executable, "-c", PEAK, kept.path],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        size, peak, private = map(int, done.stdout.split())
        peaks[root] = peak * 1024
        assert private * 1024 < size / 2  # what is mapped belongs to the file
        assert size == values.nbytes
    local, remote = peaks.values()
    print(f"peak of {size:,} bytes: {peaks}")
    assert remote < 1.2 * local + (100 << 20)
