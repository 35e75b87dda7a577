"""Servers that tell what their models take: Open Inference (Triton, KServe, MLServer, OpenVINO), TensorFlow Serving.

What they are asked is from their documentation: the Open Inference Protocol's "HTTP/REST", Triton's "Model Repository
Extension", https://www.tensorflow.org/tfx/serving/api_rest and OpenVINO's "Config Status API".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from core.candidates import Layout, PixelRange, Protocol
from core.discovery.probe import Finding, Probe, Sighting, has, name_it, no_such_model
from core.errors import AuditError, TeacherError
from core.teachers.encoding import Shape, in_layout
from core.teachers.open_inference import NO_METADATA
from core.teachers.tensors import Metadata, check_input, read_metadata
from core.teachers.tf_serving import read_signature
from core.teachers.told import shown
from core.teachers.transport import Heard

MOST_MODELS = 20  # of one server that are looked at
USUAL_MODEL = "model"  # the name that TensorFlow Serving's image gives to a model without one
_NAMELESS = ("Missing model name in request", "Servable not found for request")  # TensorFlow Serving's words
_SOME_SHAPE: Shape = (3, 224, 224)  # to try a model with that leaves its shape open
_AXES: dict[Layout, str] = {"channels_first": "channels first", "channels_last": "channels last"}
_PIXELS: dict[PixelRange, str] = {
    "unit": "Pixels in [0, 1] are assumed: the server does not say which range its model expects.",
    "bytes": "It takes pixels from 0 to 255.",
}
_CLASSES = "Still to be filled in: its classes, unless they are the student's in the student's order."


def open_inference(probe: Probe, model: str | None, version: str | None) -> Sighting:
    """`GET v2` tells the server; `POST v2/repository/index` or `GET v2/models` its models; metadata their input."""
    server = probe.get("v2").value
    known = has(server, "name", str) and (has(server, "extensions", list) or has(server, "version", str))
    if not known and not (model and has(probe.get(_v2(model)).value, "inputs", list)):
        return Sighting()
    by_bytes = has(server, "extensions", list) and "binary_tensor_data" in server["extensions"]
    protocol: Protocol = "triton" if by_bytes else "open_inference"
    label = shown(" ".join(str(server[part]) for part in ("name", "version") if part in server)) if known else "It"
    names = _indexed(probe) if known else []
    if model and names and model not in names:
        return Sighting(lack=no_such_model(probe, model, names))

    def found(name: str, heard: Heard) -> Finding:
        if heard.fault and heard.status not in NO_METADATA:
            raise heard.fault
        return _by_metadata(probe, protocol, name, version, heard.value, label)

    return _each(probe, [model] if model else names, _v2, found, label)


def tf_serving(probe: Probe, model: str | None, version: str | None) -> Sighting:
    """It lists no models, KServe's first version and OpenVINO do; what it says in their place tells that it is it."""
    listed = probe.get("v1/models")
    names = list(dict.fromkeys([*_texts(listed.value, "models"), *_configured(probe)]))
    if model and names and model not in names:
        return Sighting(lack=no_such_model(probe, model, names))
    if not names:
        said = probe.get(_v1(model or USUAL_MODEL))
        nameless = any(words in heard.said for words in _NAMELESS for heard in (listed, said))
        if has(said.value, "metadata", dict):
            names = [model or USUAL_MODEL]
        elif nameless:
            lack = no_such_model(probe, model, []) if model else name_it(probe, "TensorFlow Serving")
            return Sighting(lack=lack)
        else:
            return Sighting()

    def found(name: str, heard: Heard) -> Finding:
        return _by_signature(probe, name, version, heard.value)

    return _each(probe, [model] if model else names, _v1, found, "TensorFlow Serving")


def _each(
    probe: Probe,
    names: Sequence[str],
    path: Callable[[str], str],
    found: Callable[[str, Heard], Finding],
    label: str,
) -> Sighting:
    """The finding of each model; one that takes no images is left out where another does."""
    if not names:
        return Sighting(lack=name_it(probe, label))
    findings: list[Finding] = []
    lacks: list[AuditError] = []
    looked_at = names[:MOST_MODELS]
    for name, heard in zip(looked_at, probe.get_all([path(name) for name in looked_at]), strict=True):
        try:
            findings.append(found(name, heard))
        except AuditError as lack:
            lacks.append(lack)
    if findings and len(names) > MOST_MODELS:
        more = f"{findings[-1].note} Of {len(names)} models, {MOST_MODELS} were looked at: name one to see another."
        findings[-1] = replace(findings[-1], note=more)
    return Sighting(tuple(findings), lacks[0] if lacks else None)


def _by_metadata(probe: Probe, protocol: Protocol, name: str, version: str | None, said: object, label: str) -> Finding:
    metadata = read_metadata(said if has(said, "inputs", list) else None, name=name)
    answers = _answers(said.get("outputs")) if isinstance(said, Mapping) else ""
    settings = {"protocol": protocol, "name": name, "model": name, "version": version}
    return _taking(probe, settings, metadata, "channels_first", f"{label} serves it", answers)


def _by_signature(probe: Probe, name: str, version: str | None, said: object) -> Finding:
    signature = read_signature(said, name=name)
    label, settings = "TensorFlow Serving's protocol", {"protocol": "tf_serving", "model": name, "version": version}
    if signature.takes_files or signature.classifies:
        candidate = probe.candidate(name=name, **settings)
        return Finding(candidate, None, f"{label}; it takes image files, which the server prepares itself. {_CLASSES}")
    return _taking(probe, {"name": name} | settings, signature.input, "channels_last", label)


def _taking(
    probe: Probe, settings: Mapping[str, object], declared: Metadata, usual: Layout, label: str, answers: str = ""
) -> Finding:
    """A model that takes numbers; raises `TeacherError` where they cannot be an image's."""
    name = str(settings["name"])
    layout, sizes, words = _geometry(declared.input_shape, usual, name)
    pixels: PixelRange = "bytes" if declared.datatype == "UINT8" else "unit"
    channels, height, width = (size if size > 0 else some for size, some in zip(sizes, _SOME_SHAPE, strict=True))
    check_input(declared, (channels, height, width), pixels, layout, name=name)
    candidate = probe.candidate(**settings, pixels=pixels, layout=layout)
    return Finding(
        candidate,
        sizes if min(sizes) > 0 else None,
        f"{label}; {words}. {answers}{_PIXELS[pixels]} {_CLASSES}",
    )


def _geometry(declared: Sequence[int] | None, usual: Layout, name: str) -> tuple[Layout, Shape, str]:
    """The layout, `(C, H, W)` below 1 where free, and both in words; raises `TeacherError`."""
    if declared is None:
        return usual, (-1, -1, -1), f"it does not say which shape it takes, and {_AXES[usual]} is assumed"
    if len(declared) != 4 or not any(declared[axis] in (1, 3) or declared[axis] < 1 for axis in (1, 3)):
        raise TeacherError(
            f"{name}: the model takes no images",
            rule="a batch of them, with 1 or 3 channels",
            actual=shown(f"{list(declared)}"),
            remedy="name another model",
        )
    first, last = declared[1] in (1, 3), declared[3] in (1, 3)
    layout: Layout = usual if first == last else "channels_first" if first else "channels_last"
    _, *rest = declared
    channels, height, width = rest if layout == "channels_first" else (rest[2], rest[0], rest[1])
    unsure = ", which its shape alone does not tell" if first == last else ""
    told = " x ".join(str(size) if size > 0 else "any" for size in in_layout((channels, height, width), layout))
    return layout, (channels, height, width), f"it takes images of {told}, {_AXES[layout]}{unsure}"


def _answers(outputs: object) -> str:
    if not isinstance(outputs, list) or not outputs:
        return ""
    if len(outputs) > 1:
        return f"It has {len(outputs)} outputs, where an audit needs one. "
    shape = outputs[0].get("shape") if isinstance(outputs[0], Mapping) else None
    classes = shape[-1] if isinstance(shape, list) and shape else None
    return f"It answers {classes} numbers. " if isinstance(classes, int) and classes > 1 else ""


def _indexed(probe: Probe) -> list[str]:
    """The models that are ready, by whichever list the server has."""
    index = probe.post("v2/repository/index", b'{"ready":true}').value
    if isinstance(index, list):
        ready = [entry for entry in index if has(entry, "name", str) and entry.get("state", "READY") in ("READY", "")]
        return list(dict.fromkeys(entry["name"] for entry in ready))
    return _texts(probe.get("v2/models").value, "models") or _configured(probe)


def _configured(probe: Probe) -> list[str]:
    config = probe.get("v1/config").value
    models = config if isinstance(config, Mapping) else {}
    return [name for name, status in models.items() if has(status, "model_version_status", list)]


def _texts(value: object, key: str) -> list[str]:
    return [item for item in value[key] if isinstance(item, str)] if has(value, key, list) else []


def _v2(model: str) -> str:
    return f"v2/models/{quote(model, safe='', errors='replace')}"


def _v1(model: str) -> str:
    return f"v1/models/{quote(model, safe='', errors='replace')}/metadata"
