"""MLServer and LitServe on free ports of this machine, in the environment `.venv-servers`, with the demo's models."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import requests

from core.candidates import CandidateConfig
from core.processes import ROOT
from core.teachers.presets import PRESETS
from core.zoo.cards import DEMO

BIN = ROOT / ".venv-servers" / "bin"
STARTUP = 120.0  # seconds; mostly the import of torch
GOODBYE = 10.0  # seconds
LAST_WORDS = 4000  # characters of a server's log
KEY, KEY_VARIABLE = "litserve-key", "AUDIT_KEY_LITSERVE"

MODELS = {path.stem: path.resolve() for path in sorted((DEMO / "candidates").glob("*.safetensors"))}
VERSIONS = {name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for name, path in MODELS.items()}


@contextmanager
def mlserver(folder: Path) -> Iterator[tuple[CandidateConfig, ...]]:
    """Each model under its name, over the Open Inference Protocol; settings and log are in `folder`."""
    http, grpc, metrics = _free_ports(3)
    ports = {"http_port": http, "grpc_port": grpc, "metrics_port": metrics}
    settings = {"host": "127.0.0.1", "parallel_workers": 0, "debug": False, **ports}
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    for name, path in MODELS.items():
        model = {
            "name": name,
            "implementation": "mlserver_runtime.ZooModel",
            "platform": "pytorch",
            "versions": [VERSIONS[name]],
            "inputs": [{"name": "images", "datatype": "FP32", "shape": [-1, 1, 28, 28]}],
            "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, 10]}],
            "parameters": {"uri": str(path), "version": VERSIONS[name]},
        }
        (folder / name).mkdir()
        (folder / name / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    url = f"http://127.0.0.1:{http}"
    checks = [f"{url}/v2/models/{name}/ready" for name in MODELS]
    with running([BIN / "mlserver", "start", folder], folder, lambda: all(_answers(check) for check in checks)):
        yield tuple(CandidateConfig(name=name, url=url, model=name) for name in MODELS)


@contextmanager
def litserve(folder: Path) -> Iterator[tuple[CandidateConfig, ...]]:
    """Each model under an address of its own, as the preset says it is asked, with `KEY`; the log is in `folder`."""
    (port,) = _free_ports(1)
    url = f"http://127.0.0.1:{port}"
    preset = PRESETS["litserve"]
    command = [BIN / "python", Path(__file__).with_name("litserve_app.py"), DEMO / "candidates", str(port)]
    ready = lambda: _answers(f"{url}/health", {preset.key_header: KEY})  # noqa: E731
    with running(command, folder, ready, {"LIT_SERVER_API_KEY": KEY}):
        yield tuple(
            CandidateConfig(
                name=name,
                protocol="generic",
                url=f"{url}/{name}",
                request=preset.request,
                key_env=KEY_VARIABLE,
                key_header=preset.key_header,
                max_concurrency=4,  # the preset sends one image a request, LitServe puts them together
            )
            for name in MODELS
        )


SERVERS = {"mlserver": mlserver, "litserve": litserve}


@contextmanager
def running(
    command: Sequence[object], folder: Path, ready: Callable[[], bool], environ: dict[str, str] | None = None
) -> Iterator[None]:
    """A server's process in `folder`, once it is ready, and all that it started until the block ends."""
    lent = os.pathsep.join([sysconfig.get_path("purelib"), str(ROOT)])  # see `lent.py`
    paths = {"LENT": lent, "PYTHONPATH": str(Path(__file__).parent), "PYTHONUNBUFFERED": "1"}
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=os.environ | paths | (environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, whose number is the process's
        )
    try:
        deadline = time.monotonic() + STARTUP
        while not ready():
            ended, late = process.poll() is not None, time.monotonic() > deadline
            if ended or late:
                how = f"ended with status {process.returncode}" if ended else f"was not ready in {STARTUP:g} s"
                said = log.read_text("utf-8", "replace")[-LAST_WORDS:]
                raise AssertionError(f"{Path(str(command[0])).name} {how}; its log ends with:\n{said}")
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GOODBYE)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # whoever of its group is left
        process.wait()


def _answers(url: str, headers: dict[str, str] | None = None) -> bool:
    with suppress(requests.RequestException):
        return requests.get(url, headers=headers, timeout=5).ok
    return False


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]
