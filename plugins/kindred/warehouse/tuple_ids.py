"""A row's place in its table (``ctid``) as one integer: ``block << POSITION_BITS | position``."""

POSITION_BITS = 16
