"""The file of an export: where it may be, and that it is there completely or not at all."""

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kindred.audiences import export_file
from kindred.audiences.export_file import ASIDE_PREFIX, opened_destination, written_aside
from kindred.audiences.export_rows import Exportable, ExportRecord, ExportRequest
from kindred.audiences.export_target import FileTarget
from kindred.audiences.exporting import Exported
from kindred.audiences.hashing import Hashing
from kindred.audiences.preview_report import export_lines
from kindred.errors import SettingsError


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder


def write(path, *roots, data=b"id\r\n1\r\n", force=False, meanwhile=lambda: None):
    """Write a file; before it takes its name, something happens."""
    with opened_destination(Path(path), roots, may_replace=force) as destination:
        destination.require_free()
        with written_aside(destination) as file:
            file.write(data)
            meanwhile()
        return destination.path


def names(folder):
    return sorted(os.listdir(folder))


def test_a_file_is_complete_private_and_alone(root):
    for umask in (0, 0o777):
        before = os.umask(umask)
        try:
            assert write(root / "a.csv", root, force=True) == str(root / "a.csv")
        finally:
            os.umask(before)
        assert stat.S_IMODE((root / "a.csv").stat().st_mode) == 0o600
    assert (root / "a.csv").read_bytes() == b"id\r\n1\r\n"
    assert stat.S_IMODE((root / "a.csv").stat().st_mode) == 0o600
    assert names(root) == ["a.csv"]


def test_the_way_there_may_be_a_link_that_stays_inside(root):
    (root / "inner").mkdir()
    (root / "link").symlink_to("inner")
    (root.parent / "way").symlink_to(root)
    assert write(root.parent / "way/link/../a.csv", root.parent / "way") == str(root / "a.csv")
    assert write(root / "link/b.csv", root) == str(root / "inner/b.csv")


def test_outside_of_the_roots_nothing_is_written(root, tmp_path):
    outside = tmp_path / "other"
    outside.mkdir()
    (root / "out").symlink_to(outside)
    (tmp_path / "exports2").mkdir()
    for path in (
        *("out/a.csv", "../other/a.csv", "../a.csv", "../exports2/a.csv"),
        *("/etc/a.csv", "/dev/null", "/dev/stdout", "/proc/self/fd/1", f"{tmp_path}/a.csv"),
    ):
        with pytest.raises(SettingsError, match=r"is outside the folders|--out"):
            write(root / path, root)
    assert names(outside) == names(tmp_path / "exports2") == []
    assert names(root) == ["out"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a\nb.csv", "a\x1b[2J.csv", "a\udcff.csv", f"{ASIDE_PREFIX}x"]
)
def test_the_name_must_be_one(root, name):
    with pytest.raises(SettingsError, match="--out"):
        write(f"{root}/{name}", root)
    assert names(root) == []


@pytest.mark.parametrize("roots", [(), ("relative",), ("/",), ("/no/such/folder",)])
def test_without_a_root_the_sentence_says_what_to_set(root, roots):
    with pytest.raises(
        SettingsError, match=r"KINDRED_EXPORT_ROOTS: no folder is set.*=/srv/exports"
    ):
        write(root / "a.csv", *map(Path, roots))


def test_a_missing_folder_is_not_made(root):
    with pytest.raises(SettingsError, match="No such file or directory"):
        write(root / "no/a.csv", root)
    assert names(root) == []


def test_what_is_there_stays_unless_it_is_a_file_and_may_be_replaced(root):
    (root / "a.csv").write_text("mine")
    with pytest.raises(SettingsError, match="the file exists; give another name, or --force"):
        write(root / "a.csv", root)
    assert (root / "a.csv").read_text() == "mine"
    write(root / "a.csv", root, force=True)
    assert (root / "a.csv").read_bytes() == b"id\r\n1\r\n"
    os.mkfifo(root / "fifo")
    (root / "folder").mkdir()
    (root / "dangling").symlink_to(root.parent / "elsewhere")
    for name in ("fifo", "folder", "dangling"):
        for force in (False, True):
            with pytest.raises(SettingsError, match="is no ordinary file"):
                write(root / name, root, force=force)
    assert not (root.parent / "elsewhere").exists()
    assert names(root) == ["a.csv", "dangling", "fifo", "folder"]


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_is_swapped_for_a_link_leads_nowhere_else(root, monkeypatch, force):
    (root / "inner").mkdir()
    outside = root.parent / "outside"
    outside.mkdir()
    place = export_file._place

    def swapped(*arguments):
        found = place(*arguments)
        (root / "inner").rename(root.parent / "moved")
        (root / "inner").symlink_to(outside)
        return found

    monkeypatch.setattr(export_file, "_place", swapped)
    with pytest.raises(SettingsError, match="--out"):
        write(root / "inner/a.csv", root, force=force)
    assert names(outside) == names(root.parent / "moved") == []


def test_a_folder_swapped_while_it_is_written_keeps_the_file(root):
    (root / "inner").mkdir()
    outside = root.parent / "outside"
    outside.mkdir()

    def swap():
        (root / "inner").rename(root / "moved")
        (root / "inner").symlink_to(outside)

    write(root / "inner/a.csv", root, meanwhile=swap)
    assert names(outside) == []
    assert names(root / "moved") == ["a.csv"]


def test_a_link_put_in_the_files_place_meanwhile_is_not_followed(root):
    target = root.parent / "target"
    target.write_text("mine")
    for force in (False, True):
        with pytest.raises(SettingsError, match="is no ordinary file"):
            write(
                root / "a.csv",
                root,
                force=force,
                meanwhile=lambda: (root / "a.csv").symlink_to(target),
            )
        (root / "a.csv").unlink()
    assert target.read_text() == "mine"
    assert names(root) == []


def test_of_two_exports_at_once_one_is_there_completely(root):
    barrier = threading.Barrier(2)
    refused = []

    def export(data):
        try:
            write(root / "a.csv", root, data=data, meanwhile=lambda: barrier.wait(10))
        except SettingsError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=export, args=(data * 100_000,)) for data in (b"a", b"b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(refused) == 1
    assert (root / "a.csv").read_bytes() in (b"a" * 100_000, b"b" * 100_000)
    assert names(root) == ["a.csv"]


@pytest.mark.parametrize("force", [False, True])
def test_an_error_while_it_is_written_leaves_nothing(root, force):
    with pytest.raises(ZeroDivisionError):
        write(root / "a.csv", root, force=force, meanwhile=lambda: 1 / 0)
    assert names(root) == []


def test_a_full_disk_leaves_nothing_and_says_so(root):
    """The kernel refuses bytes beyond the limit as it does beyond a quota."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(SettingsError, match="File too large; no file has been made"):
            write(root / "a.csv", root, data=b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert names(root) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from kindred.audiences.export_file import opened_destination, written_aside
root = Path(sys.argv[1])
with opened_destination(root / "a.csv", [root], may_replace=False) as destination:
    with written_aside(destination) as file:
        file.write(b"anna@example.com")
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_export_has_left_the_next_one_removes(root):
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", KILLED, root], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    [left] = names(root)
    assert left.startswith(ASIDE_PREFIX)

    def look():
        [held] = names(root)
        assert held != left
        write(root / "c.csv", root)  # it leaves alone what is being written
        assert names(root) == sorted([held, "c.csv"])

    write(root / "b.csv", root, meanwhile=look)
    assert names(root) == ["b.csv", "c.csv"]


def test_where_there_are_no_hard_links_it_replaces_nothing_either(root, monkeypatch):
    def refuse(*arguments, **named):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write(root / "a.csv", root)
    assert (root / "a.csv").read_bytes() == b"id\r\n1\r\n"
    assert stat.S_IMODE((root / "a.csv").stat().st_mode) == 0o600
    assert names(root) == ["a.csv"]


def test_a_target_knows_the_file_that_it_holds(root):
    write(root / "a.csv", root, data=b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    os.mkfifo(root / "fifo")
    for name, held in (("a.csv", True), ("b.csv", False), ("fifo", False)):
        with opened_destination(root / name, [root], may_replace=False) as destination:
            assert FileTarget(destination).holds(digest) is held
            assert not FileTarget(destination).holds("0" * 64)


@pytest.mark.parametrize(
    ("control", "outcome", "kept_days", "words"),
    [
        (5, {"label": "a", "days": 3}, 400, []),
        (0, {"label": "a", "days": 3}, 400, ["warning: the control group is empty"]),
        (5, None, 400, ["its file named no outcome", "are kept for 400 days (KINDRED_KEEP_EXPORT"]),
        (5, None, 0, ["are kept for ever"]),
    ],
)
def test_what_no_result_will_show_is_said_at_export(control, outcome, kept_days, words):
    moment = datetime(2026, 2, 1, tzinfo=UTC)
    audience = Exportable("spring", moment, (0.1,), {"outcome": outcome}, ())
    done = Exported(audience, ExportRecord(1, 9, control, 0), 9, kept_days=kept_days)
    asked = ExportRequest("spring", 0.1, Hashing.NONE, "somebody", moment, "/a.csv")
    lines = export_lines(done, asked)
    assert len(lines) == 2 + bool(words)
    assert all(word in lines[-1] for word in words)
