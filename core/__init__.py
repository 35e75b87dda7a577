"""Distillation Audit: was this open-weights model distilled from one of these teachers?"""

__version__ = "0.1.0"
