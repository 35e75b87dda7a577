"""Services without a protocol of their own: LitServe, BentoML, hand-made ones. A form says how they are asked.

`core.candidates.RequestForm` is the form; `core.teachers.presets` has some filled in.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Sequence

import numpy as np

from core.candidates import IMAGE, RequestForm
from core.errors import InputError, TeacherError
from core.teachers.base import Terms, adapter
from core.teachers.encoding import Shape, json_nested, png_of
from core.teachers.remote import Declared, RemoteTeacher
from core.teachers.told import Told, read_all, read_told, shown
from core.teachers.transport import Transport

_PLACE = re.compile(rf'"([^"]*?){re.escape(IMAGE)}s?([^"]*)"')  # a text of the body, perhaps with more around it


@adapter("generic")
class GenericTeacher(RemoteTeacher):
    """See `core.teachers.base.Teacher`."""

    def __init__(self, transport: Transport, terms: Terms) -> None:
        super().__init__(transport, terms)
        if self._candidate.request is None:
            raise InputError(f"{self.name}: nothing says how to ask it", remedy="fill in the candidate's request")
        self._form: RequestForm = self._candidate.request
        self.sends_numbers = self._form.images == "numbers"

    def _declare(self, probe_shape: Shape) -> Declared:
        return Declared(max_batch=None if self._form.batched else 1)

    def _ask(self, images: np.ndarray) -> Sequence[Told]:
        body, kind = self._body(images)
        headers = self._form.headers | {"Content-Type": kind}
        reply = self._post(self._form.path.lstrip("/"), body, len(images), headers)
        if self._form.batched:
            return read_all(self._answers(reply), len(images), name=self.name)
        return [read_told(self._answers(reply), name=self.name)]

    def _body(self, images: np.ndarray) -> tuple[bytes, str]:
        """The request's body and its content type."""
        match self._form.images:
            case "raw":
                return png_of(images[0]), "image/png"
            case "upload":
                return _upload(png_of(images[0]), self._form.field)
            case "numbers":
                as_sent = self._candidate.scaling, self._candidate.layout
                values = [json_nested(image, *as_sent) for image in images]
            case "base64":
                values = [b'"' + base64.b64encode(png_of(image)) + b'"' for image in images]
        return _filled(self._form, values), "application/json"

    def _answers(self, reply: object) -> object:
        """What stands at the form's path in a reply; raises `TeacherError`."""
        found = reply
        for step in filter(None, self._form.answer.split(".")):
            try:
                found = found[int(step)] if isinstance(found, list) else found[step]  # type: ignore[index]
            except (KeyError, IndexError, ValueError, TypeError):
                raise TeacherError(
                    f"{self.name}: the reply has no {step!r}",
                    rule=f"the answer at {self._form.answer}",
                    actual=shown(repr(reply)),
                    remedy="correct the path to the answer in the candidate's request",
                ) from None
        return found


def _filled(form: RequestForm, values: Sequence[bytes]) -> bytes:
    """The form's body with `values`, JSON each, in the place of the image or images."""
    compact = json.dumps(json.loads(form.body), separators=(",", ":"))
    found = _PLACE.search(compact)
    assert found is not None, "a form without a place for images is refused"
    around = found[1].encode(), found[2].encode()
    if around != (b"", b""):  # as in data:image/png;base64,$image
        values = [b'"' + around[0] + value.strip(b'"') + around[1] + b'"' for value in values]
    middle = b"[" + b",".join(values) + b"]" if form.batched else values[0]
    return compact[: found.start()].encode() + middle + compact[found.end() :].encode()


def _upload(file: bytes, field: str) -> tuple[bytes, str]:
    """A multipart form (RFC 7578) with one PNG file."""
    boundary = secrets.token_hex(16)
    quoted = field.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")  # as browsers do
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{quoted}"; filename="image.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return head.encode() + file + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
