"""Verdicts: what may be said of a ranking, in plain words."""
