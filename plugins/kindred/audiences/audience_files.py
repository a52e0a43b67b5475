"""The files of audiences: found in their folders, read when a build begins, recorded in it."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kindred.audiences.audience_checks import without_private
from kindred.errors import AudienceFileError, KindredError, SpecError
from kindred.settings import Places
from kindred.spec.audience_reader import MERGE, audience_from_dict, keys_at_top, load_audience
from kindred.spec.audiences import Audience
from kindred.spec.model import DEFAULT_SPACE, SPACE_PATTERN
from kindred.spec.names import did_you_mean, listed, plain
from kindred.spec.spec_files import spec_paths

log = logging.getLogger(__name__)

FACT = "audiences"
"""The name under which a build records its audiences."""
MAX_PROBLEM = 1_000


@dataclass(frozen=True)
class AudienceFile:
    """An audience as its file says it, or why the file cannot be used.

    ``public_problem``: the same in words that are not the file's; None where it is that.
    """

    name: str
    audience: Audience | None
    problem: str | None = None
    public_problem: str | None = None

    def to_fact(self, private: Collection[str] = ()) -> dict[str, Any]:
        """What a build records of it, as plain JSON: digests for its SQL, no private column's name.

        An audience that names one is not made, which is said where it is trained.
        """
        settings = None
        if self.audience is not None:
            settings = self.audience.without_sql().model_dump(mode="json")
        problem = self.public_problem or self.problem
        problem = None if problem is None else without_private(problem, private)
        return {"name": self.name, "settings": settings, "problem": problem}


def audiences_dirs() -> list[Path]:
    """The folders of audience files: ``KINDRED_AUDIENCES``, else ``include/audiences``.

    The second one need not exist.
    """
    if configured := Places.from_env().audiences:
        return list(configured)
    return [Path(__file__).resolve().parents[3] / "include" / "audiences"]


def missing_folders() -> list[Path]:
    """The folders that the setting names and that do not exist."""
    return [folder for folder in Places.from_env().audiences if not folder.is_dir()]


def audience_paths() -> dict[str, list[Path]]:
    """The files of each name, by name as it is recorded; more than one is a mistake."""
    paths: dict[str, list[Path]] = {}
    for folder in audiences_dirs():
        for path in sorted(folder.glob("*.yaml")):
            if not path.name.startswith("."):  # what editors and file systems keep for themselves
                paths.setdefault(plain(path.stem), []).append(path)
    return dict(sorted(paths.items()))


def ignored_files(name: str | None = None) -> list[str]:
    """A sentence for each file that looks like an audience and is none, as its name says.

    ``name``: of one audience only.
    """
    return [
        f"{plain(str(path))} is not read as an audience: its name must end in '.yaml'; rename it"
        for folder in audiences_dirs()
        if folder.is_dir()
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".") and path.suffix != ".yaml" and path.is_file()
        if name in (None, path.name.partition(".")[0]) and _looks_like_audience(path)
    ]


def _looks_like_audience(path: Path) -> bool:
    try:
        return any(key == "seed" for key, _ in keys_at_top(path))
    except SpecError:  # then it is named by its ending alone
        return path.suffix.lower() in (".yml", ".yaml")


def spaces_with_audiences() -> set[str]:
    """The spaces that have a file, for the parsing of DAGs: it raises nothing.

    A file whose space cannot be read, or is none, counts for every space.
    """
    try:
        known = set(spec_paths())
        found: set[str] = set()
        for paths in audience_paths().values():
            for path in paths:
                space = _space_of(path)
                found |= {space} if space in known else known
    except (KindredError, OSError) as error:
        log.warning("the audience files cannot be found: %s", error)
        return set()
    return found


def read_audience_files(space: str) -> list[AudienceFile]:
    """The audiences of a space, by name; and those whose space cannot be read.

    A problem names the file, without its folder, and the line.
    """
    known = {space, *_known_spaces()}
    files: list[AudienceFile] = []
    for name, paths in audience_paths().items():
        spaces = [_space_of(path) for path in paths]
        if any(found == space or found not in known for found in spaces):
            files.append(_read(name, paths, known))
    return files


def recorded_audiences(facts: dict[str, Any]) -> list[AudienceFile]:
    """The audiences that `read_audience_files` gave when a build began, without their SQL."""
    return [
        AudienceFile(
            fact["name"],
            None
            if fact["settings"] is None
            else audience_from_dict(fact["settings"], f"audience {fact['name']}"),
            fact["problem"],
        )
        for fact in facts.get(FACT, ())
    ]


def with_sql(recorded: Audience) -> Audience:
    """A recorded audience with the SQL of its file, as far as that is the same as it was then."""
    paths = audience_paths().get(recorded.name, [])
    try:
        [written] = map(load_audience, paths)
    except (SpecError, ValueError):  # the file is gone, twice there, or wrong by now
        return recorded
    by_digest = {population.digest: population for population in written.populations.values()}
    changed = {
        role: by_digest.get(population.digest, population)
        for role, population in recorded.populations.items()
    }
    return recorded.model_copy(update=changed)


def folder_of(name: str) -> Path | None:
    """The folder that holds the file of an audience now."""
    paths = audience_paths().get(name)
    return paths[0].parent if paths else None


def _known_spaces() -> Iterable[str]:
    try:
        return spec_paths()
    except KindredError:  # said by whoever reads the specs
        return ()


def _space_of(path: Path) -> str | None:
    """The space that a file is about; None if that cannot be read."""
    try:
        merges = False
        for key, value in keys_at_top(path):
            if key == "space":
                return value if value is not None and SPACE_PATTERN.fullmatch(value) else None
            merges |= key == MERGE  # what it brings is not looked for
    except SpecError:
        return None
    return None if merges else DEFAULT_SPACE


def _read(name: str, paths: list[Path], known: set[str]) -> AudienceFile:
    if len(paths) > 1:
        folders = listed([plain(str(path.parent)) for path in paths])
        return AudienceFile(
            name, None, f"there are {len(paths)} files {name}.yaml, in {folders}: rename one"
        )
    [path] = paths
    shown_name = plain(path.name)
    try:
        audience = load_audience(path, shown_name)
    except SpecError as error:
        public = error.public if isinstance(error, AudienceFileError) else str(error)
        problem, public = (_on_one_line(shown_name, told) for told in (str(error), public))
        return AudienceFile(name, None, problem, None if public == problem else public)
    if audience.space not in known:
        return AudienceFile(
            name,
            None,
            f"{shown_name}: space: there is no such space; there are"
            f" {listed(sorted(known))}{did_you_mean(audience.space, known)}",
        )
    return AudienceFile(name, audience)


def _on_one_line(shown_name: str, report: str) -> str:
    problems = [line.removeprefix(f"{shown_name}: ") for line in report.splitlines()]
    told = f"{shown_name}: {'; '.join(problems)}"[:MAX_PROBLEM]
    return told.encode(errors="backslashreplace").decode()
