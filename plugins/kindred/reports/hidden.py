"""Why something of a snapshot with private columns is not shown, and what to do."""

from collections.abc import Sequence

from kindred.spec.names import listed

WITHOUT_DISTANCES = (
    "distances are not shown, since private columns take part in them; similarity and shares are"
    " those of the public columns"
)


def why_hidden(algorithms: Sequence[str]) -> str:
    """Why the segments by some algorithms are not shown."""
    return (
        f"segments by {listed(list(algorithms))} are not shown: they would tell readers too much of"
        " a private column, or are not known not to. Lower the weight of that column in the spec"
        " (weight: 0 leaves it out), and run the date again"
    )
