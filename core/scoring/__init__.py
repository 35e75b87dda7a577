"""Scores: how alike a student and a candidate answer. Pure functions of log-probabilities, free of torch."""
