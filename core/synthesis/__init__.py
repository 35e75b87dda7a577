"""Synthesis: from a student alone to images that show what it learned. One method a file."""
