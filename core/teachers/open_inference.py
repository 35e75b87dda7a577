"""Teachers that speak the Open Inference Protocol, version 2, in JSON: KServe, Triton, MLServer, our own zoo."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import numpy as np

from core.errors import TeacherError
from core.teachers.arrangement import Arrangement
from core.teachers.base import Terms, adapter
from core.teachers.encoding import Shape
from core.teachers.remote import Declared, RemoteTeacher
from core.teachers.tensors import Metadata, check_input, read_metadata, request_of, told_of
from core.teachers.told import Told
from core.teachers.transport import Transport

NO_METADATA = (400, 404, 405, 501)  # by these a server may say that it has no metadata: the model may still answer


@adapter("open_inference")
class OpenInferenceTeacher(RemoteTeacher):
    """See `core.teachers.base.Teacher`."""

    def __init__(self, transport: Transport, terms: Terms) -> None:
        super().__init__(transport, terms)
        self._metadata = Metadata()

    def _declare(self, probe_shape: Shape) -> Declared:
        self._served = None
        candidate = self._candidate
        said = self._transport.get(self._path, none_for=NO_METADATA)
        self._metadata = read_metadata(said, name=self.name)
        shape, max_batch = check_input(self._metadata, probe_shape, candidate.scaling, candidate.layout, name=self.name)
        return Declared(shape, max_batch, self._metadata.version)

    def _ask(self, images: np.ndarray) -> Sequence[Told]:
        body = request_of(images, self._metadata, self._candidate.scaling, self._candidate.layout)
        reply = self._post(f"{self._path}/infer", body, len(images))
        told = told_of(reply, len(images), name=self.name)
        self._check_version(reply)
        return told

    def _check_version(self, reply: object) -> None:
        """Answers of two versions are answers of two teachers: they must not be mixed in one audit."""
        version = reply.get("model_version") if isinstance(reply, dict) else None
        served = version if isinstance(version, str) else ""
        if self._served is not None and served != self._served:
            raise TeacherError(
                f"{self.name}: the server changed the model's version meanwhile",
                rule=repr(self._served[:80]),
                actual=repr(served[:80]),
                remedy="name the version that you mean in the candidate",
            )
        self._served = served

    def _derived_identity(self, version: str, arrangement: Arrangement) -> str:
        return super()._derived_identity(self._served or version, arrangement)

    @property
    def _path(self) -> str:
        """Below the address, every part quoted: a model's name may hold any character."""
        version = f"/versions/{quote(self._candidate.version, safe='')}" if self._candidate.version else ""
        return f"v2/models/{quote(self._candidate.model or '', safe='')}{version}"
