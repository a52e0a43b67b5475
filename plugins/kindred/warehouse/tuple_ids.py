"""A row's location (``ctid``) as one integer: ``block << POSITION_BITS | position``."""

POSITION_BITS = 16
