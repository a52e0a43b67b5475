"""The one layer that speaks SQL; statements live in ``include/sql``."""
