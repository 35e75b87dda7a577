"""Hugging Face image classification: the inference providers' router, and endpoints of one's own.

https://huggingface.co/docs/inference-providers/tasks/image-classification. One image a call. With a model's name, the
address is the router's; without one, an endpoint's own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from urllib.parse import quote

import numpy as np

from core.teachers.base import adapter
from core.teachers.encoding import Shape, png_of
from core.teachers.remote import Declared, RemoteTeacher
from core.teachers.told import Told, read_told


@adapter("hugging_face")
class HuggingFaceTeacher(RemoteTeacher):
    """See `core.teachers.base.Teacher`."""

    sends_numbers = False

    def _declare(self, probe_shape: Shape) -> Declared:
        return Declared(max_batch=1)

    def _ask(self, images: np.ndarray) -> Sequence[Told]:
        parameters = {"function_to_apply": "none" if self._candidate.output == "logits" else "softmax"}
        if self._choose is not None:
            parameters |= {"top_k": self._choose}
        path = f"models/{quote(self._candidate.model)}" if self._candidate.model else ""
        told = []
        for image in images:
            inputs = base64.b64encode(png_of(image)).decode()
            body = json.dumps({"inputs": inputs, "parameters": parameters}).encode()
            told.append(read_told(self._post(path, body, 1), name=self.name))
        return told
