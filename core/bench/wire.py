"""`python -m core bench wire`: what asking takes beyond the server's own time, against a server that only waits."""

from __future__ import annotations

import asyncio
import re
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import uvicorn
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.candidates import CandidateConfig
from core.teachers.asking import Witness, ask
from core.teachers.cache import AnswerCache
from core.teachers.registry import open_teacher
from core.teachers.tensors import Metadata, request_of
from core.zoo.server import listen

LATENCY = 0.05  # seconds of a call
CALLS, AT_ONCE = 600, 8
WANTED = 1.25  # times what the server alone takes
LARGE = (64, 3, 224, 224)
CLASSES = 10


def bench_wire(console: Console) -> None:
    """Ask for one small image a call, then for large images, and print what that took."""
    with _server() as url:
        alone = CALLS / AT_ONCE * LATENCY
        small = _asked(url, _images((CALLS, 1, 28, 28)), max_batch=1, max_concurrency=AT_ONCE)
        large = _images(LARGE)
        whole = _asked(url, large, max_batch=LARGE[0], max_concurrency=1)
    started = time.perf_counter()
    for image in large:
        request_of(image[None], Metadata(), "unit", "channels_first")
    encoding = time.perf_counter() - started
    table = Table("what", "seconds", "ratio", "wanted")
    table.add_row(f"{CALLS} calls of {1000 * LATENCY:g} ms, {AT_ONCE} at a time: the server alone", f"{alone:.2f}")
    table.add_row("the same, asked and kept", f"{small:.2f}", f"{small / alone:.2f}", f"at most {WANTED:g}")
    table.add_row(f"{'x'.join(map(str, LARGE))} as JSON, asked and kept", f"{whole:.2f}")
    table.add_row("of that, encoding the images", f"{encoding:.2f}", f"{encoding / whole:.0%}")
    console.print(table)


def _images(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _asked(url: str, images: np.ndarray, **limits: int) -> float:
    """Seconds until all of them are answered, from an empty cache; connecting is not counted."""
    teacher = open_teacher(CandidateConfig(name="bench", url=url, model="m", **limits))
    witness = Witness(teacher, teacher.connect(images.shape[1:]))
    with tempfile.TemporaryDirectory() as folder, AnswerCache(Path(folder) / "answers.sqlite3") as cache:
        started = time.perf_counter()
        nothing = dict.fromkeys(("on_ask", "on_loss"), lambda *told: None) | {"on_reply": lambda reply: None}
        for _ in ask([witness], images, cache, cancelled=threading.Event(), **nothing):
            pass
        return time.perf_counter() - started


@contextmanager
def _server() -> Iterator[str]:
    """Its address; it is a process of its own, so that it takes no time from whoever asks."""
    with listen("127.0.0.1", 0) as listener:
        process = get_context("spawn").Process(target=_serve, args=(listener,), daemon=True)
        process.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.kill()
            process.join()


def _serve(listener: socket.socket) -> None:
    app = Starlette(routes=[Route("/v2/models/m", _metadata), Route("/v2/models/m/infer", _infer, methods=["POST"])])
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


async def _metadata(request: Request) -> Response:
    return JSONResponse({"name": "m", "versions": ["1"], "inputs": []})


async def _infer(request: Request) -> Response:
    """The same answer to every image, after a while; of the body only its shape is read."""
    body = await request.body()
    images = int(re.search(rb'"shape":\[(\d+)', body)[1])
    await asyncio.sleep(LATENCY)
    data = [0.91, *[0.01] * (CLASSES - 1)] * images
    output = {"name": "output", "datatype": "FP32", "shape": [images, CLASSES], "data": data}
    return JSONResponse({"model_name": "m", "model_version": "1", "outputs": [output]})
