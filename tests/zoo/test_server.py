"""Zoo models over the Open Inference Protocol, asked by plain HTTP and by our own teacher."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import requests
import torch

from core.candidates import CandidateConfig
from core.errors import InputError, TeacherError
from core.teachers.registry import open_teacher
from core.zoo.datasets.fashion_mnist import CLASS_NAMES
from core.zoo.models import load_zoo_model
from core.zoo.server import Moods, create_app, listen, serve
from tests.support.inference import Waits
from tests.support.serving import serving

ROOT = Path(__file__).parents[2]
IMAGES = np.random.default_rng(5).integers(0, 256, (4, 1, 28, 28), dtype=np.uint8)


def start(folder: Path, api_key: str | None = None, **moods: object) -> AbstractContextManager[str]:
    return serving(create_app(sorted(folder.glob("*.safetensors")), Moods(**moods), api_key=api_key))


@pytest.fixture(scope="module")
def url(candidates: Path) -> Iterator[str]:
    with start(candidates) as url:
        yield url


def suspect(url: str, **settings: object) -> CandidateConfig:
    return CandidateConfig(name="suspect", url=url, model="oak", **settings)


def version_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def question(images: np.ndarray = IMAGES, **fields: object) -> dict[str, object]:
    data = (images / 255).ravel().tolist()
    return {"inputs": [{"name": "images", "shape": list(images.shape), "datatype": "FP32", "data": data} | fields]}


def ask(url: str, model: str = "oak", **fields: object) -> np.ndarray:
    reply = requests.post(f"{url}/v2/models/{model}/infer", json=question(**fields), timeout=30)
    assert reply.status_code == 200, reply.text
    output = reply.json()["outputs"][0]
    return np.array(output["data"]).reshape(output["shape"])


def logits_of(folder: Path, model: str) -> np.ndarray:
    """What the model says when it is asked without any network."""
    module = load_zoo_model(folder / f"{model}.safetensors")
    with torch.inference_mode():
        return module.network((torch.from_numpy(IMAGES).float() / 255 - 0.2860) / 0.3530).double().numpy()


# The protocol


def test_health_and_server(url: str) -> None:
    assert requests.get(f"{url}/v2/health/live", timeout=30).json() == {"live": True}
    assert requests.get(f"{url}/v2/health/ready", timeout=30).json() == {"ready": True}
    assert requests.get(f"{url}/v2", timeout=30).json().keys() == {"name", "version", "extensions"}


@pytest.mark.parametrize("body", [b"", b"{}", b'{"ready": true}', b'{"ready": false}'])
def test_the_index_lists_every_model(url: str, candidates: Path, body: bytes) -> None:
    index = requests.post(f"{url}/v2/repository/index", data=body, timeout=30).json()
    versions = {name: version_of(candidates / f"{name}.safetensors") for name in ("ash", "elm", "oak")}
    assert {entry["name"]: entry["version"] for entry in index} == versions
    assert all((entry["state"], entry["reason"]) == ("READY", "") for entry in index)


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b'{"ready": "yes"}', b"\xff", b"[" * 100_000])
def test_an_index_that_is_asked_for_wrongly(url: str, body: bytes) -> None:
    reply = requests.post(f"{url}/v2/repository/index", data=body, timeout=30)
    assert (reply.status_code, "must be JSON" in reply.json()["error"]) == (400, True)


@pytest.mark.parametrize("model", ["oak", "elm", "ash"])
@pytest.mark.parametrize("with_version", [False, True])
def test_metadata(url: str, candidates: Path, model: str, with_version: bool) -> None:
    version = version_of(candidates / f"{model}.safetensors")
    path = f"{url}/v2/models/{model}" + (f"/versions/{version}" if with_version else "")
    metadata = requests.get(path, timeout=30).json()
    assert (metadata["name"], metadata["versions"]) == (model, [version])
    assert metadata["inputs"] == [{"name": "images", "datatype": "FP32", "shape": [-1, 1, 28, 28]}]
    assert metadata["outputs"][0]["shape"] == [-1, 10]
    assert requests.get(f"{path}/ready", timeout=30).json() == {"name": model, "ready": True}


@pytest.mark.parametrize("model", ["oak", "elm", "ash"])
def test_answers_are_the_models(url: str, candidates: Path, model: str) -> None:
    powers = np.exp(logits_of(candidates, model))
    np.testing.assert_allclose(ask(url, model), powers / powers.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-7)


def test_data_may_be_nested(url: str) -> None:
    np.testing.assert_allclose(ask(url, data=(IMAGES / 255).tolist()), ask(url), rtol=1e-6)


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("get", "/v2/models/yew", 404, "there is no model 'yew'"),
        ("post", "/v2/models/yew/infer", 404, "there is no model 'yew'"),
        ("get", "/v2/models/oak/versions/1", 404, "not '1'"),
        ("post", "/v2/models/oak/versions/1/infer", 404, "not '1'"),
        ("get", "/v2/models/oak/infer", 405, "Method Not Allowed"),
        ("get", "/nowhere", 404, "Not Found"),
        ("get", "/v2/health/happy", 404, "no check 'happy'"),
    ],
)
def test_wrong_addresses(url: str, method: str, path: str, status: int, error: str) -> None:
    reply = requests.request(method, url + path, json=question(), timeout=30)
    assert reply.status_code == status
    assert error in reply.json()["error"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("{", "must be JSON"),
        ("[]", "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        ({"inputs": []}, "must be JSON"),
        ({"inputs": [{"name": "images"}]}, "must be JSON"),
        ({"inputs": question()["inputs"] * 2}, "takes one input, got 2"),
        (question(datatype="UINT8"), "must be FP32, got 'UINT8'"),
        (question(shape=[4, 28, 28, 1]), r"must be [-1, 1, 28, 28], got [4, 28, 28, 1]"),
        (question(shape=[4, 784]), "must be [-1, 1, 28, 28]"),
        (question(shape="4"), "must be [-1, 1, 28, 28]"),
        (question(shape=[True, 1, 28, 28]), "must be [-1, 1, 28, 28]"),
        (question(shape=[0, 1, 28, 28]), "1 to 64 images, this one has 0"),
        (question(shape=[65, 1, 28, 28]), "1 to 64 images, this one has 65"),
        (question(shape=[3, 1, 28, 28]), "needs 2352 numbers, got 3136"),
        (question(data=["0.5"] * 3136), "finite numbers"),
        (question(data=[None] * 3136), "finite numbers"),
        (question(data=[True] * 3136), "finite numbers"),
        (question(data=[float("nan")] * 3136), "finite numbers"),
        (question(data=[10**400] * 3136), "finite numbers"),
        (question(data=[[0.5], [0.5, 0.5]]), "differ in length"),
    ],
)
def test_bad_requests(url: str, body: object, error: str) -> None:
    sent = body if isinstance(body, str) else json.dumps(body)
    reply = requests.post(f"{url}/v2/models/oak/infer", data=sent, timeout=30)
    assert reply.status_code == 400
    assert error in reply.json()["error"]


# Its moods


def test_logits(candidates: Path) -> None:
    with start(candidates, output="logits") as url:
        np.testing.assert_allclose(ask(url), logits_of(candidates, "oak"), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("decimals", [0, 2, 4])
def test_decimals(candidates: Path, url: str, decimals: int) -> None:
    with start(candidates, decimals=decimals) as rounding:
        np.testing.assert_allclose(ask(rounding), ask(url).round(decimals), rtol=1e-12)


def test_the_error_rate_is_kept_and_seeded(candidates: Path) -> None:
    def statuses(seed: int) -> list[int]:
        with start(candidates, error_rate=0.4, seed=seed) as url, requests.Session() as session:
            path = f"{url}/v2/models/oak/infer"
            return [session.post(path, json=question(IMAGES[:1]), timeout=30).status_code for _ in range(100)]

    first = statuses(1)
    assert set(first) == {200, 500, 503}
    assert abs(first.count(200) - 60) < 4 * math.sqrt(100 * 0.4 * 0.6)
    assert first == statuses(1) != statuses(2)


def test_a_teacher_bears_with_errors_and_each_answer_is_counted_once(candidates: Path) -> None:
    with start(candidates, error_rate=0.3) as url:
        teacher = open_teacher(suspect(url), cancelled=Waits())
        teacher.connect((1, 28, 28), CLASS_NAMES)
        for _ in range(10):
            teacher.query(IMAGES)
        answered = requests.get(f"{url}/stats", timeout=30).json()
    assert answered["oak"] == {"images": 42, "requests": 11}
    assert answered["elm"] == {"images": 0, "requests": 0}
    assert teacher.sent > 42 and teacher.sent % 2 == 0


def test_latency(candidates: Path) -> None:
    with start(candidates, latency=0.3) as url:
        assert open_teacher(suspect(url)).connect((1, 28, 28)).latency >= 0.3


def test_the_batch_is_bounded_and_said_to_be(candidates: Path) -> None:
    with start(candidates, max_batch=3) as url:
        assert open_teacher(suspect(url)).connect((1, 28, 28)).max_batch == 3
        reply = requests.post(f"{url}/v2/models/oak/infer", json=question(), timeout=30)
        assert (reply.status_code, "1 to 3 images" in reply.json()["error"]) == (400, True)


def test_the_body_is_bounded(candidates: Path) -> None:
    with start(candidates, max_body=10**6) as url:
        reply = requests.post(f"{url}/v2/models/oak/infer", data=b" " * 8_000_000, timeout=30)
        assert reply.status_code == 413
        assert "may have 1000000 bytes, this one has 8000000" in reply.json()["error"]
        with pytest.raises(TeacherError, match="request too large"):
            teacher = open_teacher(suspect(url, max_batch=64))
            teacher.connect((1, 28, 28))
            teacher.query(np.full((64, 1, 28, 28), 254, dtype=np.uint8).repeat(4, axis=0))


@pytest.mark.parametrize("path", ["/v2", "/stats", "/v2/models/oak", "/v2/models/yew", "/v2/models/oak/ready"])
def test_a_key_is_asked_for(candidates: Path, path: str) -> None:
    with start(candidates, api_key="sesame-81") as url:
        for headers in ({}, {"Authorization": "Bearer sesame"}, {"Authorization": "sesame-81"}):
            reply = requests.get(url + path, headers=headers, timeout=30)
            assert reply.status_code == 401
            assert "a key is needed" in reply.json()["error"] and "sesame-81" not in reply.text
            assert requests.post(f"{url}/v2/repository/index", headers=headers, timeout=30).status_code == 401
        right = requests.get(url + path, headers={"Authorization": "Bearer sesame-81"}, timeout=30)
        assert right.status_code == (404 if "yew" in path else 200)
        assert requests.get(f"{url}/v2/health/ready", timeout=30).status_code == 200


def test_a_teacher_with_the_key(candidates: Path) -> None:
    with start(candidates, api_key="sesame-81") as url:
        assert open_teacher(suspect(url), key="sesame-81").connect((1, 28, 28)).num_classes == 10
        with pytest.raises(TeacherError, match="refuses the key"):
            open_teacher(suspect(url), key="sesame-82").connect((1, 28, 28))


# The process


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"error_rate": 1.5}, "error_rate: .*less than or equal to 1"),
        ({"latency": -1}, "latency"),
        ({"max_batch": 0}, "max_batch"),
        ({"decimals": -1}, "decimals"),
        ({"api_key_env": "NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE holds no key"),
        ({"port": 70000}, "cannot listen on 127.0.0.1, port 70000"),
        ({"host": "teacher.invalid"}, "cannot listen on teacher.invalid"),
    ],
)
def test_settings_of_no_use(candidates: Path, settings: dict[str, object], message: str) -> None:
    threads = torch.get_num_threads()
    try:
        with pytest.raises(InputError, match=message):
            serve(sorted(candidates.glob("*.safetensors")), **settings)
    finally:
        torch.set_num_threads(threads)


def test_a_port_that_is_taken(candidates: Path) -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(InputError, match="Choose another port"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_nothing_to_serve() -> None:
    with pytest.raises(InputError, match="no model to serve"):
        create_app([], Moods())


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "yew.safetensors"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"yew.safetensors is no model of the zoo"):
        create_app([file], Moods())


def test_it_says_its_port_and_stops_when_stdin_closes(candidates: Path) -> None:
    options = ("--folder", str(candidates), "--port", "0", "--until-stdin-closes")
    command = [sys.executable, "-m", "core", "serve", *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        port = json.loads(process.stdout.readline())["port"]
        assert requests.get(f"http://127.0.0.1:{port}/v2/health/ready", timeout=30).json() == {"ready": True}
        process.stdin.close()
        assert process.wait(60) == 0
        assert process.stdout.read() == b""
