"""Data sets that zoo models are trained on: one file each, in one table."""
