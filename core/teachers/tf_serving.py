"""TensorFlow Serving's REST API: `predict`, of numbers or of image files, and `classify`.

https://www.tensorflow.org/tfx/serving/api_rest. Which of them a model takes, its metadata say.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import numpy as np

from core.errors import TeacherError
from core.teachers.base import adapter
from core.teachers.encoding import Shape, json_nested, png_of
from core.teachers.remote import Declared, RemoteTeacher
from core.teachers.tensors import Metadata, check_input
from core.teachers.told import Told, is_number, not_an_answer, read_all, shown

NO_METADATA = (404, 501)
CLASSIFY = "tensorflow/serving/classify"  # the method of a signature that takes examples
FEATURE = "image/encoded"  # of an example, by the convention of TensorFlow's data sets
_FLOATS, _INTEGERS, _FILES = ("DT_FLOAT", "DT_DOUBLE", "DT_HALF"), ("DT_UINT8", "DT_INT32", "DT_INT64"), "DT_STRING"


@dataclass(frozen=True)
class Signature:
    """What a model's default signature takes."""

    classifies: bool = False
    takes_files: bool = False
    input: Metadata = field(default_factory=Metadata)  # where it takes numbers


@adapter("tf_serving")
class TensorFlowTeacher(RemoteTeacher):
    """See `core.teachers.base.Teacher`."""

    _signature = Signature()

    def _declare(self, probe_shape: Shape) -> Declared:
        said = self._transport.get(f"{self._path}/metadata", none_for=NO_METADATA)
        self._signature = read_signature(said, name=self.name)
        version = _version(said)
        self.sends_numbers = not (self._signature.takes_files or self._signature.classifies)
        if not self.sends_numbers:
            return Declared(version=version)
        as_sent = self._candidate.scaling, self._candidate.layout
        shape, max_batch = check_input(self._signature.input, probe_shape, *as_sent, name=self.name)
        return Declared(shape, max_batch, version)

    def _ask(self, images: np.ndarray) -> Sequence[Told]:
        if self._signature.classifies:
            examples = [{FEATURE: file} for file in _files(images)]
            reply = self._post(f"{self._path}:classify", json.dumps({"examples": examples}).encode(), len(images))
            answers = _part(reply, "results") or _part(reply, "result")  # what the server says, and its documentation
        else:
            reply = self._post(f"{self._path}:predict", self._instances(images), len(images))
            answers = _part(reply, "predictions")
        if not isinstance(answers, list):
            raise not_an_answer(reply, name=self.name)
        if not self._signature.classifies:
            answers = [self._of_outputs(one) for one in answers]
        return read_all(answers, len(images), name=self.name)

    def _instances(self, images: np.ndarray) -> bytes:
        """The body of a `predict`."""
        if not self.sends_numbers:
            return json.dumps({"instances": _files(images)}).encode()
        as_sent = self._candidate.scaling, self._candidate.layout
        return b'{"instances":[' + b",".join(json_nested(image, *as_sent) for image in images) + b"]}"

    def _of_outputs(self, prediction: object) -> object:
        """The answer among a model's named outputs, where it has several: the one that is a list of numbers."""
        if not isinstance(prediction, dict):
            return prediction
        numbers = [
            value
            for value in prediction.values()
            if isinstance(value, list) and len(value) > 1 and all(map(is_number, value))
        ]
        if len(numbers) > 1:
            raise TeacherError(
                f"{self.name}: the model has {len(numbers)} outputs that could be its answer",
                rule="one list of numbers an image",
                actual=shown(", ".join(prediction)),
                remedy="serve it with a signature that gives the scores alone",
            )
        return numbers[0] if numbers else prediction

    @property
    def _path(self) -> str:
        version = f"/versions/{quote(self._candidate.version, safe='')}" if self._candidate.version else ""
        return f"v1/models/{quote(self._candidate.model or '', safe='')}{version}"


def _files(images: np.ndarray) -> list[dict[str, str]]:
    """uint8 images `(N, C, H, W)` as PNG files, as the API has bytes in JSON."""
    return [{"b64": base64.b64encode(png_of(image)).decode()} for image in images]


def read_signature(metadata: object, *, name: str) -> Signature:
    """What `GET v1/models/{model}/metadata` says of the default signature; raises `TeacherError`."""
    signatures = _part(_part(_part(metadata, "metadata"), "signature_def"), "signature_def")
    found = _part(signatures, "serving_default")
    if not isinstance(found, dict):
        return Signature()
    inputs = found.get("inputs")
    if not isinstance(inputs, dict) or len(inputs) != 1:
        raise TeacherError(
            f"{name}: the model does not take one input",
            rule="one, a batch of images",
            actual=shown(", ".join(inputs) if isinstance(inputs, dict) else repr(inputs)),
            remedy="serve a model that takes nothing but images",
        )
    tensor = next(iter(inputs.values()))
    datatype = _part(tensor, "dtype")
    if datatype not in (*_FLOATS, *_INTEGERS, _FILES):
        raise TeacherError(
            f"{name}: the model wants another type of pixels",
            rule=f"{', '.join((*_FLOATS, *_INTEGERS))}, or {_FILES} for image files",
            actual=shown(str(datatype)),
            remedy="serve the model with such an input",
        )
    declared = Metadata(
        input_shape=_shape(_part(tensor, "tensor_shape")), datatype="UINT8" if datatype in _INTEGERS else "FP32"
    )
    return Signature(found.get("method_name") == CLASSIFY, datatype == _FILES, declared)


def _shape(said: object) -> tuple[int, ...] | None:
    dimensions = _part(said, "dim")
    try:
        return tuple(int(dimension["size"]) for dimension in dimensions) if dimensions else None  # type: ignore[union-attr]
    except (TypeError, KeyError, ValueError):
        return None


def _version(metadata: object) -> str:
    version = _part(_part(metadata, "model_spec"), "version")
    return version if isinstance(version, str) else ""


def _part(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, Mapping) else None
