"""Services without a protocol of their own, by the OpenAPI document they publish: LitServe, BentoML, FastAPI.

LitServe and FastAPI publish it at `/openapi.json`, BentoML at `/docs.json`. From each operation that takes one image,
or a batch of them, a filled-in form follows. https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from core.candidates import IMAGE, IMAGES, ImageForm
from core.discovery.probe import Finding, Probe, Sighting, has
from core.errors import InputError
from core.teachers.presets import PRESETS
from core.teachers.told import shown

LITSERVE, BENTOML = "LitServe", "BentoML"
MOST_FORMS = 5  # of one service
MOST_PATHS = 500  # of a description that are looked at
DEPTH = 8  # of references that are followed
_TEXT_OF_IMAGE = re.compile(r"image|img|picture|photo|file|b64|base64|data", re.IGNORECASE)
_SOMETHING = re.compile(r"image|img|picture|photo|pixel|array|tensor|data|input|instance|^x$", re.IGNORECASE)
_ASKS = re.compile(r"predict|classif|infer", re.IGNORECASE)
_ANSWERS = ("probabilities", "probs", "scores", "logits", "predictions", "prediction", "outputs", "output", "results")
_LITSERVE = {"health_health_get", "info_info_get"}  # the operations that it adds


@dataclass(frozen=True)
class Slot:
    """Where an operation takes images."""

    images: ImageForm
    body: str = PRESETS["upload"].request.body  # JSON
    field: str = PRESETS["upload"].request.field
    words: str = ""
    sure: bool = True

    @property
    def fields(self) -> dict[str, object]:
        """Of a request's form."""
        return {"images": self.images, "body": self.body, "field": self.field}


def described(probe: Probe, operation: str | None) -> Sighting:
    """What a service's own description tells.

    Args:
        operation: the path of the one that is meant, where it is known.
    """
    documents = [probe.get(path).value for path in ("openapi.json", "docs.json")]
    document = next((found for found in documents if has(found, "paths", dict)), None)
    if not isinstance(document, Mapping):
        return Sighting()
    service = _service(document)
    found: list[tuple[str, Finding]] = []
    for path, asked in _operations(document):
        slot = _slot(asked, document, service)
        if slot is None and service == LITSERVE and not asked.get("requestBody"):
            slot = _litserve_slot()
        if slot is None:
            continue
        try:
            found.append((path, _finding(probe, service, path, asked, slot, document)))
        except InputError:  # a path or a name that no candidate may have
            continue
    meant = [one for one in found if operation and one[0].strip("/") == operation.strip("/")] or found
    meant.sort(key=lambda one: not _ASKS.search(one[0]))
    if not meant and service in (LITSERVE, BENTOML):
        lack = InputError(
            f"{probe.host}: no operation of this {service} service takes an image alone",
            remedy="fill in the candidate's request by hand",
        )
        return Sighting(lack=lack)
    return Sighting(tuple(finding for _, finding in meant[:MOST_FORMS]))


def _finding(
    probe: Probe, service: str, path: str, asked: Mapping[str, object], slot: Slot, document: Mapping[str, object]
) -> Finding:
    answer, answer_words = _answer(asked, document, service)
    key_header = _key_header(document) or "Authorization"
    form = {"path": path.lstrip("/"), "answer": answer} | slot.fields
    candidate = probe.candidate("generic", f"{service} {path}", request=form, key_header=key_header)
    key = f" A key goes into the header {key_header}." if key_header != "Authorization" else ""
    fill = "Still to be filled in: range and layout of its pixels." if slot.images == "numbers" else ""
    note = f"{service}, by its own description; {path} takes {slot.words}. {answer_words}{key} {fill}"
    return Finding(candidate, None, note.strip())


def _service(document: Mapping[str, object]) -> str:
    asked = [operation for _, operation in _all_operations(document)]
    if any("x-bentoml-name" in operation for operation in asked):
        return BENTOML
    if {str(operation.get("operationId")) for operation in asked} >= _LITSERVE:
        return LITSERVE
    info = document.get("info")
    title = info.get("title") if isinstance(info, Mapping) else None
    return shown(title) if isinstance(title, str) and title.strip() else "FastAPI"


def _all_operations(document: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    paths = document.get("paths")
    for path, methods in islice(paths.items(), MOST_PATHS) if isinstance(paths, Mapping) else ():
        for method in ("get", "post"):
            if has(methods, method, dict):
                yield f"{method} {path}", methods[method]


def _operations(document: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Those that may be asked with an image: POST, without parts of the path to fill in; none of a queue of tasks."""
    paths = {path.partition(" ")[2] for path, _ in _all_operations(document)}
    for named, operation in _all_operations(document):
        method, _, path = named.partition(" ")
        queued = any(path == f"{other}/{verb}" for other in paths for verb in ("submit", "retry"))
        if method == "post" and "{" not in path and not queued:
            yield path, operation


def _slot(asked: Mapping[str, object], document: Mapping[str, object], service: str) -> Slot | None:
    body = _resolved(asked.get("requestBody"), document)
    content = body.get("content")
    for kind, media in content.items() if isinstance(content, Mapping) else ():
        schema = _resolved(media.get("schema"), document) if isinstance(media, Mapping) else {}
        if kind == "multipart/form-data":
            slot = _upload_slot(schema, document)
        elif kind.startswith("image/") or (kind in ("application/octet-stream", "*/*") and schema):
            slot = Slot("raw", words="an image file as its body")
        elif kind == "application/json":
            slot = _json_slot(schema, document, vague=service == BENTOML)
        else:
            slot = None
        if slot:
            return slot
    return None


def _upload_slot(schema: Mapping[str, object], document: Mapping[str, object]) -> Slot | None:
    properties = _properties(schema, document)
    files = [name for name, part in properties.items() if _is_file(part) or _is_file(_items(part, document))]
    if len(files) != 1 or not _asks_only(schema, files[0]):
        return None
    return Slot("upload", field=files[0], words=f"an image file as the upload {shown(files[0])!r}")


def _json_slot(schema: Mapping[str, object], document: Mapping[str, object], *, vague: bool) -> Slot | None:
    """`vague`: a list of numbers may as well be a tensor, as BentoML describes one of unknown shape."""
    if _type(schema) == "array":
        found = _image_slot("", schema, document, vague=False)
        return Slot(found[0], json.dumps(found[1]), words=found[2]) if found else None
    fits = {
        name: found
        for name, part in _properties(schema, document).items()
        if (found := _image_slot(name, part, document, vague=vague)) and _asks_only(schema, name)
    }
    if len(fits) != 1:
        return None
    ((name, (images, place, words)),) = fits.items()
    return Slot(images, json.dumps({name: place}), words=f"{words} as {shown(name)!r}")


def _image_slot(
    name: str, part: Mapping[str, object], document: Mapping[str, object], *, vague: bool
) -> tuple[ImageForm, str, str] | None:
    """How an entry of a JSON body takes images: as what, its text in the form, and in words; None where it does not."""
    depth = 0
    while _type(part) == "array" and depth < DEPTH:
        part, depth = _items(part, document), depth + 1
    leaf = _type(part)
    if leaf == "string" and depth < 2 and _TEXT_OF_IMAGE.search(name) and "enum" not in part:
        return ("base64", IMAGES, "PNG files as base64 text") if depth else ("base64", IMAGE, "a PNG file as base64")
    if leaf in ("number", "integer") and depth in (3, 4):
        return ("numbers", IMAGES, "a batch of numbers") if depth == 4 else ("numbers", IMAGE, "an image's numbers")
    untold = leaf is None or (vague and leaf == "number" and depth == 1)
    if untold and (_SOMETHING.search(name) if name else depth):
        many = name.endswith("s") or depth == 4
        words = f"something it tells no more of, {'a batch of' if many else 'one image in'} numbers is assumed,"
        return "numbers", IMAGES if many else IMAGE, words
    return None


def _litserve_slot() -> Slot:
    request = PRESETS["litserve"].request
    words = f"what its author decodes, which it does not tell: {request.body} is assumed"
    return Slot(request.images, request.body, words=words)


def _answer(asked: Mapping[str, object], document: Mapping[str, object], service: str) -> tuple[str, str]:
    """The path to the answer in a reply, and what is known of it."""
    responses = asked.get("responses")
    response = _resolved(responses.get("200"), document) if isinstance(responses, Mapping) else {}
    content = response.get("content")
    media = content.get("application/json") if isinstance(content, Mapping) else None
    schema = _resolved(media.get("schema"), document) if isinstance(media, Mapping) else {}
    names = list(_properties(schema, document))
    known = [name for name in _ANSWERS if name in names] or (names if len(names) == 1 else [])
    if known and "." not in known[0]:
        return known[0], f"Its reply has the answer at {shown(known[0])!r}."
    if _type(schema) == "array":
        return "", "Its reply is a list, which is taken for the answer."
    usual = PRESETS["litserve"].request.answer if service == LITSERVE else ""
    assumed = f"{usual!r}, as is usual there," if usual else "the whole of it"
    return usual, f"Where its reply has the answer it does not tell: {assumed} is assumed."


def _key_header(document: Mapping[str, object]) -> str | None:
    components = document.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
    for scheme in schemes.values() if isinstance(schemes, Mapping) else ():
        if has(scheme, "name", str) and scheme.get("type") == "apiKey" and scheme.get("in") == "header":
            return scheme["name"]
    return None


def _asks_only(schema: Mapping[str, object], name: str) -> bool:
    """Whether nothing else must be given."""
    required = schema.get("required")
    return not isinstance(required, list) or set(map(str, required)) <= {name}


def _is_file(part: Mapping[str, object]) -> bool:
    binary = part.get("format") == "binary" or "contentMediaType" in part
    return _type(part) == "file" or (_type(part) == "string" and binary)


def _type(part: Mapping[str, object]) -> object:
    """Of a schema; from version 3.1 on it may be a list, with null for what may be missing."""
    types = part.get("type")
    return next((one for one in types if one != "null"), None) if isinstance(types, list) else types


def _properties(schema: Mapping[str, object], document: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    found = schema.get("properties")
    return {str(name): _resolved(part, document) for name, part in found.items()} if isinstance(found, Mapping) else {}


def _items(part: Mapping[str, object], document: Mapping[str, object]) -> Mapping[str, object]:
    return _resolved(part.get("items"), document)


def _resolved(part: object, document: Mapping[str, object]) -> Mapping[str, object]:
    """A part of the document after its references; of alternatives the first that is not null."""
    for _ in range(DEPTH):
        if has(part, "$ref", str):
            found: object = document
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found.get(step) if isinstance(found, Mapping) else None
            part = found
        elif isinstance(part, Mapping) and (choices := part.get("anyOf") or part.get("allOf") or part.get("oneOf")):
            parts = choices if isinstance(choices, list) else []
            part = next((one for one in parts if isinstance(one, Mapping) and one.get("type") != "null"), None)
        else:
            break
    return part if isinstance(part, Mapping) else {}
