"""Backfills: the forecast of a date range, and the encoder that its dates share."""
