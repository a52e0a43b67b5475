"""Decide whether the serving index is still good enough or has to be rebuilt."""

from dataclasses import dataclass

from kindred.spec.index_methods import Rebuild

MAX_RECALL_LOSS = 0.02
"""Loss below the target that is accepted; 500 customers can detect a loss of about 0.01."""

GROWTH = 2.0
"""Growth of the table since the build that triggers a rebuild: longer lists take longer to read."""


@dataclass(frozen=True)
class Canary:
    """Recall of the serving index at its stored search value, with its 95 % interval."""

    recall_at_k: float
    recall_low: float
    recall_high: float
    recall_sample: int


@dataclass(frozen=True)
class Decision:
    """Whether to rebuild, and the reason."""

    is_rebuilt: bool
    reason: str


def decide(
    rebuild: Rebuild,
    *,
    canary: Canary | None,
    target_recall: float,
    rows_at_build: int | None,
    rows: int,
    recall_at_build: float | None = None,
    asked_kind: str = "",
    built_kind: str = "",
) -> Decision:
    """Rebuild if recall was lost, the table has doubled, or the spec asks for another kind.

    ``canary`` is None for an exact scan; a kind is named by its method, precision and metric. An
    index that never reached the target, such as a graph under inner product, is compared with its
    own recall at the build.
    """
    if rebuild is not Rebuild.AUTO:
        return Decision(rebuild is Rebuild.ALWAYS, f"rebuild: {rebuild}")
    if asked_kind != built_kind:
        return Decision(
            True, f"the spec asks for {asked_kind}, what serves was planned as {built_kind}"
        )
    if rows_at_build and rows >= GROWTH * rows_at_build:
        return Decision(True, f"{rows} rows, {rows_at_build} when the index was built")
    if canary is None:
        return Decision(False, "no index to lose recall")
    least = target_recall - MAX_RECALL_LOSS
    if recall_at_build is not None and recall_at_build < least:
        least = recall_at_build - MAX_RECALL_LOSS
    found = f"recall {canary.recall_at_k:.4f} of {canary.recall_sample} customers"
    if canary.recall_at_k < least:
        return Decision(True, f"{found}, allowed is {least:.4f}")
    return Decision(False, f"{found}, enough is {least:.4f}")
