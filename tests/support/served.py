"""A folder of zoo models behind real HTTP in this process, with its account of what was asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import requests
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.candidates import CandidateConfig
from core.zoo.server import Moods, create_app
from tests.support.serving import serving


class Door:
    """ASGI middleware before the server: while it has an `answer`, inference calls get that."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.models: Mapping[str, str] = {}  # by key
        self.answer: Callable[[Request], Response | None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: ASGIApp | Response = self.app
        if self.answer and scope["type"] == "http" and scope["path"].endswith("/infer"):
            request = Request(scope, receive)
            if (refusal := self.answer(request)) is not None:
                await request.body()
                response = refusal
        if self.models and scope["type"] == "http":
            key = Request(scope).headers.get("Authorization", "").removeprefix("Bearer ")
            path = re.sub(r"(/models/)[^/]+", rf"\g<1>{self.models[key]}", scope["path"])
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await response(scope, receive, send)


class Served:
    """The server seen from a test."""

    def __init__(self, url: str, names: tuple[str, ...], door: Door, key: str | None) -> None:
        self.url, self._door = url, door
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.candidates = tuple(CandidateConfig(name=name, url=url, model=name) for name in names)

    def images(self) -> dict[str, int]:
        """How many images each model answered so far."""
        stats = requests.get(f"{self.url}/stats", headers=self._headers, timeout=10).json()
        return {candidate.name: stats[candidate.name]["images"] for candidate in self.candidates}

    def ask(self, model: str, pixels: np.ndarray) -> np.ndarray:
        """Answers `(N, K)` for images `(N, 1, 28, 28)` in [0, 1], past any adapter; not counted apart."""
        tensor = {"name": "x", "shape": list(pixels.shape), "datatype": "FP32", "data": pixels.ravel().tolist()}
        reply = requests.post(f"{self.url}/v2/models/{model}/infer", json={"inputs": [tensor]}, timeout=10).json()
        return np.array(reply["outputs"][0]["data"]).reshape(reply["outputs"][0]["shape"])

    def refuse_calls(self, refuse: bool, *, model: str = "") -> None:
        """From now on, answer inference calls with 403, or no more; only those to `model` if one is named."""

        def answer(request: Request) -> Response | None:
            mine = f"/models/{model}" in request.url.path
            return JSONResponse({"error": "not today"}, 403) if mine else None

        self._door.answer = answer if refuse else None

    def lead_by_key(self, models: Mapping[str, str]) -> None:
        """From now on, ask the model that belongs to a call's key, whatever its path names."""
        self._door.models = models

    def echo_keys(self) -> None:
        """From now on, refuse every key and repeat it in the error."""
        self._door.answer = lambda request: JSONResponse(
            {"error": f"the key was {request.headers['Authorization']}"}, 401
        )


@contextmanager
def serve_folder(folder: Path, *, api_key: str | None = None, **moods: object) -> Iterator[Served]:
    """Serve every model in `folder` under its file's stem."""
    paths = sorted(folder.glob("*.safetensors"))
    door = Door(create_app(paths, Moods(**moods), api_key=api_key))
    with serving(door) as url:
        yield Served(url, tuple(path.stem for path in paths), door, api_key)
