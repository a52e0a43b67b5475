"""Packs ``include/sql`` and ``deploy/superset`` into the package, for where there is no checkout.

All else is in ``pyproject.toml``. An editable install packs nothing: it reads the checkout's.
"""

from collections.abc import Iterator
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PACKED = {
    Path("include/sql"): (Path("kindred/sql"), "*.sql"),
    Path("deploy/superset"): (Path("kindred/superset/files"), "*.yaml"),
}


class BuildWithFiles(build_py):
    """Builds the package, with the statements and dashboards in it."""

    def run(self) -> None:
        """Copy the files after the modules."""
        super().run()
        if not self.editable_mode:
            for source, target in self._files():
                self.mkpath(str(target.parent))
                self.copy_file(str(source), str(target), preserve_mode=False)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """All files of the build, as an installer asks."""
        packed = [] if self.editable_mode else [str(target) for _, target in self._files()]
        return [*super().get_outputs(include_bytecode), *packed]

    def get_source_files(self) -> list[str]:
        """What a source distribution must hold."""
        return [*super().get_source_files(), *(str(source) for source, _ in self._files())]

    def _files(self) -> Iterator[tuple[Path, Path]]:
        for folder, (target, pattern) in PACKED.items():
            for source in sorted(folder.rglob(pattern)):
                yield source, Path(self.build_lib) / target / source.relative_to(folder)


setup(cmdclass={"build_py": BuildWithFiles})
