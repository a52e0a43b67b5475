"""What most values of a text column are, and the shapes of those that are not."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Almost:
    """What a column would be, were it not for some of its values.

    Attributes
    ----------
    kind : str
        ``number`` or ``date``.
    share : float
        The rows with such a value, of those with any (0 to 1).
    shapes : tuple of (str, int)
        Shapes of the other values with their rows, the most frequent first: ``9 a`` stands for
        ``12 kg``. Never a value.
    """

    kind: str
    share: float
    shapes: tuple[tuple[str, int], ...] = ()
