"""Distillation Audit: was this open-weights model distilled from one of these teachers?"""

import os

# Threads of PyTorch that wait must sleep, not spin: two processes that compute side by side on two cores were
# twenty times slower otherwise. OpenMP reads this once, when torch is imported, which comes later.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# NumPy's always spin. Its matrices are small here: one thread is as fast, and on busy cores up to a
# hundred times faster.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
