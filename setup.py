"""Packs ``include/sql`` into the package, where it is looked for without a checkout.

All else is in ``pyproject.toml``. An editable install packs nothing: it reads the checkout's.
"""

from collections.abc import Iterator
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SOURCE = Path("include/sql")
PACKED = Path("kindred/sql")


class BuildWithStatements(build_py):
    """Builds the package, and the statements into it."""

    def run(self) -> None:
        """Copy the statements after the modules."""
        super().run()
        if not self.editable_mode:
            for source, target in self._statements():
                self.mkpath(str(target.parent))
                self.copy_file(str(source), str(target), preserve_mode=False)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """All files of the build, as an installer asks."""
        packed = [] if self.editable_mode else [str(target) for _, target in self._statements()]
        return [*super().get_outputs(include_bytecode), *packed]

    def get_source_files(self) -> list[str]:
        """What a source distribution must hold."""
        return [*super().get_source_files(), *(str(source) for source, _ in self._statements())]

    def _statements(self) -> Iterator[tuple[Path, Path]]:
        for source in sorted(SOURCE.rglob("*.sql")):
            yield source, Path(self.build_lib) / PACKED / source.relative_to(SOURCE)


setup(cmdclass={"build_py": BuildWithStatements})
