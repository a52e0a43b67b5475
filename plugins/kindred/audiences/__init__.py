"""Audiences: who is most like known customers, by a model of each file in ``include/audiences``."""
