"""Runs: folders on disk, the worker processes that fill them, and the queue they wait in."""
