"""Triton's extensions of the Open Inference Protocol: pixels as bytes, and its `classification` of an output.

https://github.com/triton-inference-server/server, docs/protocol: "Binary Tensor Data" and "Classification".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.teachers.base import adapter
from core.teachers.encoding import Shape, float_data, in_layout
from core.teachers.open_inference import NO_METADATA, OpenInferenceTeacher
from core.teachers.remote import Declared
from core.teachers.tensors import output_of, told_of
from core.teachers.told import Told, by_label, finite, not_an_answer

LENGTH = "Inference-Header-Content-Length"  # of the JSON before the bytes


@adapter("triton")
class TritonTeacher(OpenInferenceTeacher):
    """See `core.teachers.base.Teacher`. It classifies where the candidate's output is top_k or labels."""

    def _ask(self, images: np.ndarray) -> Sequence[Told]:
        data = float_data(images, self._candidate.scaling, self._candidate.layout)
        if self._metadata.datatype == "UINT8":
            data = data.round().astype(np.uint8)
        tensor = data.astype(data.dtype.newbyteorder("<")).tobytes()
        request: dict[str, object] = {
            "inputs": [
                {
                    "name": self._metadata.input_name,
                    "shape": in_layout(images.shape, self._candidate.layout),
                    "datatype": self._metadata.datatype,
                    "parameters": {"binary_data_size": len(tensor)},
                }
            ]
        }
        classifies = self._candidate.output in ("top_k", "labels")
        if classifies:
            wanted = {"classification": self._choose or 1, "binary_data": False}
            request["outputs"] = [{"name": self._metadata.output_name, "parameters": wanted}]
        head = json.dumps(request, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/octet-stream", LENGTH: str(len(head))}
        reply = self._post(f"{self._path}/infer", head + tensor, len(images), headers)
        self._check_version(reply)
        if not classifies:
            return told_of(reply, len(images), name=self.name)
        return self._classified(reply, len(images))

    def _declare(self, probe_shape: Shape) -> Declared:
        """With the largest batch, which Triton has in a model's configuration; 0 where the model itself decides."""
        declared = super()._declare(probe_shape)
        config = self._transport.get(f"{self._path}/config", none_for=NO_METADATA)
        largest = config.get("max_batch_size") if isinstance(config, dict) else None
        usable = isinstance(largest, int) and largest > 0
        return replace(declared, max_batch=min(largest, declared.max_batch or largest)) if usable else declared

    def _classified(self, reply: object, rows: int) -> list[Told]:
        """By label, of texts `value:index` or `value:index:label`, the strongest first."""
        data = output_of(reply, name=self.name).get("data")
        rows_or_texts = data if isinstance(data, list) else []
        texts = [text for item in rows_or_texts for text in (item if isinstance(item, list) else [item])]
        if not texts or len(texts) % rows or not all(isinstance(text, str) and text.count(":") for text in texts):
            raise not_an_answer(data, name=self.name)
        each = len(texts) // rows
        told: list[Told] = []
        for start in range(0, len(texts), each):
            parts = [text.split(":", 2) for text in texts[start : start + each]]
            try:
                values = finite(np.array([float(part[0]) for part in parts]), name=self.name)
            except ValueError:
                raise not_an_answer(texts[start : start + each], name=self.name) from None
            labels = [part[2] if len(part) > 2 and part[2] else part[1] for part in parts]
            told.append(by_label(labels, values, name=self.name))
        return told
