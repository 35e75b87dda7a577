"""Zoo models behind HTTP, over the Open Inference Protocol v2: a network service to audit, with moods to choose.

https://github.com/kserve/open-inference-protocol, "HTTP/REST"; `POST /v2/repository/index` lists the models as in
Triton's "Model Repository Extension". `GET /stats` is our own: it counts what each model answered.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import random
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
import uvicorn
from pydantic import Field
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import __version__
from core.config import validated
from core.errors import InputError
from core.values import Frozen
from core.zoo.served import BadRequest, ServedModel


class Moods(Frozen):
    """How a server behaves beyond the protocol."""

    output: Literal["probs", "logits"] = "probs"
    decimals: int | None = Field(None, ge=0, le=15)  # that answers are rounded to
    latency: float = Field(0.0, ge=0, le=3600)  # seconds that each answer takes longer
    error_rate: float = Field(0.0, ge=0, le=1)  # share of inference calls that fail with 500 or 503
    seed: int = 0  # of which calls these are
    max_batch: int = Field(64, ge=1)  # images a call
    max_body: int = Field(32 * 2**20, ge=1)  # bytes a call


def create_app(paths: Sequence[Path], moods: Moods, *, api_key: str | None = None) -> Starlette:
    """An ASGI application that serves each model under its file's stem.

    Args:
        api_key: asked for as `Authorization: Bearer KEY` by everything but the health checks.

    Raises:
        InputError: there is no model, or a file is none.
    """
    if not paths:
        raise InputError("there is no model to serve", remedy="name a folder with .safetensors files of the zoo")
    service = ZooService([ServedModel.load(path) for path in paths], moods, api_key)
    return Starlette(routes=service.routes(), exception_handlers={HTTPException: _http_error, Exception: _own_fault})


def serve(
    models: Sequence[Path],
    *,
    host: str = "127.0.0.1",
    port: int = 8600,
    output: Literal["probs", "logits"] = "probs",
    decimals: int | None = None,
    latency: float = 0.0,
    error_rate: float = 0.0,
    max_batch: int = 64,
    api_key_env: str | None = None,
    until_stdin_closes: bool = False,
) -> None:
    """Serve `models` until interrupted; prints `{"port": N}` on standard output once it takes calls.

    Args:
        port: 0 for a free one.
        api_key_env: the environment variable that holds the key to ask for.
        until_stdin_closes: stop then, so that the server does not outlive whoever started it.

    Raises:
        InputError: a model or a setting is of no use, or the port is taken.
    """
    settings = {"output": output, "decimals": decimals, "latency": latency, "error_rate": error_rate}
    moods = validated(Moods, settings | {"max_batch": max_batch})
    torch.set_num_threads(1)  # calls come side by side, and whoever audits needs the other cores
    app = create_app(models, moods, api_key=_api_key(api_key_env))
    with listen(host, port) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
        if until_stdin_closes:
            threading.Thread(target=_stop_when_stdin_closes, args=(server,), daemon=True).start()
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        server.run(sockets=[listener])


class ZooService:
    """The handlers, and their count of answers."""

    def __init__(self, models: Sequence[ServedModel], moods: Moods, api_key: str | None) -> None:
        self._models = {model.id: model for model in models}
        self._moods = moods
        self._expected = f"Bearer {api_key}".encode() if api_key else None
        self._random = random.Random(moods.seed)
        self._stats = {model.id: {"images": 0, "requests": 0} for model in models}

    def routes(self) -> list[Route]:
        routes = [
            Route("/v2", self.describe),
            Route("/v2/health/{check}", self.health),
            Route("/v2/repository/index", self.index, methods=["POST"]),
            Route("/stats", self.stats),
        ]
        for path in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
            routes += [
                Route(path, self.metadata),
                Route(f"{path}/ready", self.ready),
                Route(f"{path}/infer", self.infer, methods=["POST"]),
            ]
        return routes

    async def describe(self, request: Request) -> Response:
        self._authorise(request)
        return JSONResponse({"name": "distillation-audit-zoo", "version": __version__, "extensions": []})

    async def health(self, request: Request) -> Response:
        if (check := request.path_params["check"]) not in ("live", "ready"):
            raise HTTPException(404, f"there is no check {check!r}")
        return JSONResponse({check: True})

    async def index(self, request: Request) -> Response:
        body = await self._body(request)
        self._authorise(request)
        try:
            asked = json.loads(body or b"{}")
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict) or not isinstance(asked.get("ready", True), bool):
            raise HTTPException(400, "the body must be JSON: an object, with ready = true or false if anything")
        state = {"state": "READY", "reason": ""}  # all of them, so that it does not matter which are wanted
        return JSONResponse([{"name": m.id, "version": m.version} | state for m in self._models.values()])

    async def stats(self, request: Request) -> Response:
        self._authorise(request)
        return JSONResponse(self._stats)

    async def metadata(self, request: Request) -> Response:
        return JSONResponse(self._model(request).metadata(max_batch=self._moods.max_batch))

    async def ready(self, request: Request) -> Response:
        return JSONResponse({"name": self._model(request).id, "ready": True})

    async def infer(self, request: Request) -> Response:
        body = await self._body(request)
        model, moods = self._model(request), self._moods
        await asyncio.sleep(moods.latency)
        if self._random.random() < moods.error_rate:
            raise HTTPException(self._random.choice((500, 503)), "out of order, as the error rate wants it")
        try:
            images = model.images_of(body, max_batch=moods.max_batch)
        except BadRequest as error:
            raise HTTPException(400, str(error)) from None
        answer = await run_in_threadpool(model.answer, images, output=moods.output, decimals=moods.decimals)
        self._stats[model.id]["images"] += len(images)
        self._stats[model.id]["requests"] += 1
        return JSONResponse(answer)

    async def _body(self, request: Request) -> bytes:
        """The body, always read to its end: a connection closed before would hide the answer from the client."""
        body, size = bytearray(), 0
        async for chunk in request.stream():
            size += len(chunk)
            if size <= self._moods.max_body:
                body += chunk
        if size > self._moods.max_body:
            raise HTTPException(413, f"a request may have {self._moods.max_body} bytes, this one has {size}")
        return bytes(body)

    def _model(self, request: Request) -> ServedModel:
        self._authorise(request)
        name, version = request.path_params["model"], request.path_params.get("version")
        model = self._models.get(name)
        if model is None:
            raise HTTPException(404, f"there is no model {name!r}")
        if version not in (None, model.version):
            raise HTTPException(404, f"model {name!r} has version {model.version}, not {version!r}")
        return model

    def _authorise(self, request: Request) -> None:
        given = request.headers.get("authorization", "").encode()
        if self._expected is not None and not hmac.compare_digest(given, self._expected):
            raise HTTPException(401, "a key is needed: Authorization: Bearer KEY", {"WWW-Authenticate": "Bearer"})


async def _http_error(request: Request, error: HTTPException) -> Response:
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


async def _own_fault(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"a fault of the server's own ({type(error).__name__})"}, 500)


def _api_key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise InputError(f"the variable {variable} holds no key to ask for", remedy=f"set {variable}")
    return key


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes calls; raises `InputError` where none can."""
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"cannot listen on {host}, port {port}",
            actual=str(error),
            remedy="choose another port, or 0 for a free one",
        ) from error
    # Accepted connections inherit it; asyncio sets it only on sockets of its own making, and without it
    # each answer waits 40 ms for the client's delayed acknowledgement of the headers.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _stop_when_stdin_closes(server: uvicorn.Server) -> None:
    while sys.stdin is not None and sys.stdin.buffer.read(1024):  # None: closed from the start
        pass
    server.should_exit = True
