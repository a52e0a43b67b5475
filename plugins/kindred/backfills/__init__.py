"""Backfills: what a date range will take, and the encoder that its dates share."""
