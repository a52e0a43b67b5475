"""What ``build_embeddings`` hands to ``publish``."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StagedEmbeddings:
    """What ``build_embeddings`` has prepared: ``skip``, ``delta`` or ``generation``.

    A delta holds for what it was compared with only: the generation (``base_generation``) as the
    publish of a moment (``base_published_at``) has left it.
    """

    mode: str
    generation: int | None = None
    table: str | None = None
    base_generation: int | None = None
    base_published_at: str | None = None
