"""A laboratory in the place of the local server: shop and warehouse are its databases."""

from dataclasses import dataclass

from integration.warehouse import Laboratory


@dataclass(frozen=True)
class LaboratoryServer:
    """What loading a data set needs of an ``EmbeddedServer``."""

    laboratory: Laboratory

    def dsn(self, database: str) -> str:
        """The place of one of the local databases."""
        dsns = {"shop": self.laboratory.source_dsn, "warehouse": self.laboratory.warehouse_dsn}
        return dsns[database]
