"""The result that ``build_embeddings`` passes to ``publish``."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StagedEmbeddings:
    """The embeddings that ``build_embeddings`` staged; mode ``skip``, ``delta`` or ``generation``.

    A delta is valid only for what it was compared with: the generation ``base_generation`` as the
    publish at ``base_published_at`` left it.
    """

    mode: str
    generation: int | None = None
    table: str | None = None
    base_generation: int | None = None
    base_published_at: str | None = None
