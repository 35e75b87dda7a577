"""The Open Inference Protocol's JSON: what a model declares, a request's tensor, an answer's tensor.

https://github.com/kserve/open-inference-protocol, "HTTP/REST", version 2. What a server sends is not
trusted to have any form.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod

import numpy as np

from core.candidates import Layout, Scaling
from core.errors import TeacherError
from core.teachers.encoding import Shape, in_layout, json_data
from core.teachers.told import Told, finite, is_integer, is_number, shown

DATATYPES = ("FP32", "UINT8")
_AXES: dict[Layout, str] = {
    "channels_first": "channels, height, width",
    "channels_last": "height, width, channels",
}


@dataclass(frozen=True)
class Metadata:
    """A model's metadata; every part may be missing, as in MLServer's."""

    input_name: str = "input"
    output_name: str = "output"
    input_shape: tuple[int, ...] | None = None  # (N, C, H, W) or (N, H, W, C), below 1 where free
    datatype: str = "FP32"
    max_batch: int | None = None
    version: str = ""  # of all versions that are served, comma-separated


def read_metadata(metadata: object, *, name: str) -> Metadata:
    """What `GET v2/models/{model}` says, None for nothing; raises `TeacherError` for a model of another kind."""
    if metadata is None:
        return Metadata()
    if not isinstance(metadata, dict):
        raise _senseless(name, "metadata", metadata)
    inputs = metadata.get("inputs") or []
    if not isinstance(inputs, list) or not all(isinstance(tensor, dict) for tensor in inputs):
        raise _senseless(name, "inputs", inputs)
    if len(inputs) > 1:
        raise TeacherError(
            f"{name}: the model wants {len(inputs)} inputs",
            rule="one, a batch of images",
            actual=shown(", ".join(str(tensor.get("name")) for tensor in inputs)),
            remedy="serve a model that takes nothing but images",
        )
    tensor = inputs[0] if inputs else {}
    datatype = tensor.get("datatype", Metadata.datatype)
    if datatype not in DATATYPES:
        raise TeacherError(
            f"{name}: the model wants another type of pixels",
            rule=" or ".join(DATATYPES),
            actual=shown(str(datatype)),
            remedy="serve the model with an FP32 input",
        )
    outputs = metadata.get("outputs")
    output = outputs[0] if isinstance(outputs, list) and outputs and isinstance(outputs[0], dict) else {}
    parameters, versions = metadata.get("parameters"), metadata.get("versions")
    largest = parameters.get("max_batch_size") if isinstance(parameters, dict) else None
    return Metadata(
        input_name=tensor["name"] if isinstance(tensor.get("name"), str) else Metadata.input_name,
        output_name=output["name"] if isinstance(output.get("name"), str) else Metadata.output_name,
        input_shape=_shape(tensor["shape"], name=name) if tensor.get("shape") else None,
        datatype=datatype,
        max_batch=largest if is_integer(largest) and largest > 0 else None,
        version=",".join(str(version) for version in versions) if isinstance(versions, list) else "",
    )


def check_input(
    declared: Metadata, probe_shape: Shape, pixels: Scaling, layout: Layout, *, name: str
) -> tuple[Shape | None, int | None]:
    """The input shape that the server fixes and the largest batch that follows, None where it leaves them free.

    Raises:
        TeacherError: images of `probe_shape` do not fit, as the candidate says that they are to be sent.
    """
    if declared.datatype == "UINT8" and pixels != "bytes":
        raise TeacherError(
            f"{name}: the model wants pixels from 0 to 255",
            rule=f"FP32 for pixels = {pixels!r}",
            actual=declared.datatype,
            remedy='set the candidate\'s pixels to "bytes"',
        )
    shape = declared.input_shape
    if shape is None:
        return None, declared.max_batch
    wanted = in_layout(probe_shape, layout)
    if len(shape) != 4 or not _fits(shape[1:], wanted):
        other: Layout = "channels_last" if layout == "channels_first" else "channels_first"
        turned = len(shape) == 4 and _fits(shape[1:], in_layout(probe_shape, other))
        raise TeacherError(
            f"{name}: the server's input does not fit the student's",
            rule=f"{[-1, *wanted]}, images, {_AXES[layout]}",
            actual=shown(f"{list(shape)}") + (f", images, {_AXES[other]}" if turned else ""),
            remedy=f'set the candidate\'s layout to "{other}"'
            if turned
            else "give the server's height and width as the candidate's size, or name another model",
        )
    if shape[0] > 1:
        raise TeacherError(
            f"{name}: the server takes batches of one fixed size",
            rule="a free first dimension, -1",
            actual=shown(f"{list(shape)}"),
            remedy="serve the model with a free batch size",
        )
    fixed = probe_shape if all(size > 0 for size in shape[1:]) else None
    return fixed, 1 if shape[0] == 1 else declared.max_batch


def request_of(images: np.ndarray, declared: Metadata, pixels: Scaling, layout: Layout) -> bytes:
    """The body that asks about uint8 images `(N, C, H, W)`."""
    shape = in_layout(images.shape, layout)
    tensor = {"name": declared.input_name, "shape": shape, "datatype": declared.datatype}
    head = json.dumps(tensor, separators=(",", ":")).removesuffix("}").encode()
    return b"".join((b'{"inputs":[', head, b',"data":[', json_data(images, pixels, layout), b"]}]}"))


def told_of(reply: object, rows: int, *, name: str) -> list[Told]:
    """The answers to `rows` images in a server's reply: a row of the output tensor each, all finite.

    Raises:
        TeacherError: the reply holds anything else; says what.
    """
    tensor = output_of(reply, name=name)
    shape = _shape(tensor.get("shape"), name=name)
    if len(shape) != 2 or shape[0] != rows or shape[1] < 2:
        raise TeacherError(
            f"{name}: the answers have the wrong shape",
            rule=f"[{rows}, number of classes], a row for each image",
            actual=shown(f"{list(shape)}"),
            remedy="serve a classifier that gives a score for every class",
        )
    values = _numbers(tensor.get("data"), depth=len(shape), name=name)
    if len(values) != prod(shape):
        raise TeacherError(
            f"{name}: the answers' data do not fill their shape",
            rule=shown(f"as many numbers as {list(shape)} asks for"),
            actual=f"{len(values)}",
            remedy="look at what the server does to its output",
        )
    return list(finite(values.reshape(shape), name=name))


def output_of(reply: object, *, name: str) -> dict[str, object]:
    """The one output tensor of a reply; raises `TeacherError`."""
    outputs = reply.get("outputs") if isinstance(reply, dict) else None
    if not isinstance(outputs, list) or len(outputs) != 1 or not isinstance(outputs[0], dict):
        error = reply.get("error") if isinstance(reply, dict) else None
        count = f"{len(outputs)} outputs" if isinstance(outputs, list) else f"no outputs but {shown(str(reply))}"
        raise TeacherError(
            f"{name}: the server's reply is no answer",
            rule="one output tensor",
            actual=f"the error {shown(error)!r}" if isinstance(error, str) else count,
            remedy="check that the address is that of an Open Inference server and the model has one output",
        )
    return outputs[0]


def _numbers(data: object, *, depth: int, name: str) -> np.ndarray:
    """Float64 from a list of JSON numbers, which may be nested by the rows of the tensor."""
    if not isinstance(data, list):
        raise _senseless(name, "data", data)
    for _ in range(depth - 1):
        data = [value for item in data for value in (item if isinstance(item, list) else [item])]
    strange = next((value for value in data if not is_number(value)), None)
    if strange is not None or None in data:
        raise TeacherError(
            f"{name}: the answers are not numbers",
            rule="a number for each class",
            actual=f"{type(strange).__name__} {shown(repr(strange))}",
            remedy="serve the model's scores, not its labels",
        )
    try:
        return np.array(data, dtype=np.float64)
    except OverflowError:  # an integer beyond float64
        return np.full(len(data), np.inf)


def _shape(shape: object, *, name: str) -> tuple[int, ...]:
    if not isinstance(shape, list) or not all(is_integer(size) for size in shape):
        raise _senseless(name, "shape", shape)
    return tuple(shape)


def _fits(declared: tuple[int, ...], shape: Shape) -> bool:
    return all(size < 1 or size == wanted for size, wanted in zip(declared, shape, strict=True))


def _senseless(name: str, what: str, value: object) -> TeacherError:
    return TeacherError(
        f"{name}: the server's {what} make no sense",
        rule="the form of the Open Inference Protocol",
        actual=shown(repr(value)),
        remedy="check that the address is that of an Open Inference server",
    )
