"""TorchServe's inference API: `POST /predictions/{model}`, an image file a call.

https://docs.pytorch.org/serve/inference_api.html. Its default image classifier answers the five strongest classes by
label, and resizes and crops images before that: audits are sharper with a handler that takes them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import numpy as np

from core.teachers.base import adapter
from core.teachers.encoding import Shape, png_of
from core.teachers.remote import Declared, RemoteTeacher
from core.teachers.told import Told, read_told


@adapter("torchserve")
class TorchServeTeacher(RemoteTeacher):
    """See `core.teachers.base.Teacher`."""

    sends_numbers = False

    def _declare(self, probe_shape: Shape) -> Declared:
        return Declared(max_batch=1)  # the server gathers batches by itself, from calls at the same time

    def _ask(self, images: np.ndarray) -> Sequence[Told]:
        version = f"/{quote(self._candidate.version, safe='')}" if self._candidate.version else ""
        path = f"predictions/{quote(self._candidate.model or '', safe='')}{version}"
        headers = {"Content-Type": "image/png"}
        return [read_told(self._post(path, png_of(image), 1, headers), name=self.name) for image in images]
