"""From an address to candidates: each protocol's server, as its documentation or source has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from core.discovery import files
from core.discovery.discover import Finding, discover
from core.errors import InputError, TeacherError
from core.teachers.connection import check_connection
from tests.support import discoverable
from tests.support.discoverable import serve, tensorflow_model
from tests.support.served import serve_folder
from tests.support.zoo import make_zoo

KEY = "key-0x5e5a4e"
DEAD = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    make_zoo(folder)
    return folder / "candidates"


@pytest.fixture
def management(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """What TorchServe has at port 8081."""
    with HTTPServer() as server:
        monkeypatch.setattr(files, "MANAGEMENT_PORT", server.port)
        yield server


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str | None, tuple[int, int, int] | None]]:
    return [(one.candidate.protocol, one.candidate.model, one.input_shape) for one in findings]


def only(findings: tuple[Finding, ...]) -> Finding:
    (finding,) = findings
    return finding


# The Open Inference Protocol


def test_the_zoo_is_discovered_and_each_proposal_answers(zoo: Path) -> None:
    with serve_folder(zoo) as served:
        findings = discover(served.url)
        assert told(findings) == [("open_inference", name, (1, 28, 28)) for name in ("ash", "elm", "oak")]
        assert sum(served.images().values()) == 0
        for finding in findings:
            report = check_connection(finding.candidate, key=None, probe_shape=finding.input_shape, class_names=None)
            assert report.ok, report.message
        assert all("10 numbers" in finding.note and "[0, 1]" in finding.note for finding in findings)


def test_a_key_opens_the_zoo_and_is_named_by_its_variable(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO_KEY", f" {KEY} ")
    with serve_folder(zoo, api_key=KEY) as served:
        findings = discover(served.url, key_env="ZOO_KEY")
        assert {finding.candidate.key_env for finding in findings} == {"ZOO_KEY"}
        assert len(discover(served.url, key=KEY)) == 3
        with pytest.raises(TeacherError, match=r"refuses the key.*401") as refused:
            discover(served.url, key="wr0ng-key-5e5a4e")
        assert "wr0ng" not in str(refused.value)
        with pytest.raises(TeacherError, match="wants a key, and none was sent"):
            discover(served.url)
        with pytest.raises(InputError, match="NO_SUCH_KEY"):
            discover(served.url, key_env="NO_SUCH_KEY")


def test_triton_by_its_bytes_and_only_what_is_ready_and_takes_images(web: HTTPServer) -> None:
    finding = only(discover(serve(web, discoverable.TRITON)))
    assert told((finding,)) == [("triton", "oak", (3, 32, 64))]
    assert (finding.candidate.layout, finding.candidate.pixels) == ("channels_first", "unit")
    assert "triton 2.44.0" in finding.note


def test_a_model_that_takes_no_images_is_named_when_it_is_all_there_is(web: HTTPServer) -> None:
    with pytest.raises(TeacherError, match="words: the model wants another type of pixels"):
        discover(serve(web, discoverable.TRITON), model="words")


def test_mlserver_that_tells_no_input(web: HTTPServer) -> None:
    finding = only(discover(serve(web, discoverable.MLSERVER)))
    assert told((finding,)) == [("open_inference", "oak", None)]
    assert "does not say which shape" in finding.note


def test_a_server_that_speaks_two_protocols_has_the_better_one_first(web: HTTPServer) -> None:
    first, second = discover(serve(web, discoverable.KSERVE))
    assert told((first, second)) == [("open_inference", "oak", None), ("tf_serving", "oak", None)]
    assert (first.candidate.layout, first.candidate.pixels) == ("channels_last", "bytes")
    assert (first.candidate.name, second.candidate.name) == ("oak", "oak (TensorFlow Serving)")


def test_openvino_lists_its_models_by_their_status(web: HTTPServer) -> None:
    first, _ = discover(serve(web, discoverable.OPENVINO))
    assert told((first,)) == [("open_inference", "oak", (3, 32, 64))]


def test_a_gateway_that_shows_one_model_alone(web: HTTPServer) -> None:
    url = serve(web, {"/gate/v2/models/a b": discoverable.model("a b", discoverable.IMAGES)})
    finding = only(discover(f"{url}/gate/v2/models/a%20b/infer"))
    assert (finding.candidate.url, finding.candidate.model) == (f"{url}/gate", "a b")


@pytest.mark.parametrize(
    ("shape", "layout", "found"),
    [
        ([-1, 3, -1, -1], "channels_first", None),
        ([-1, 32, 64, 1], "channels_last", (1, 32, 64)),
        ([1, 3, 64, 3], "channels_first", (3, 64, 3)),
        ([-1, -1, -1, -1], "channels_first", None),
    ],
)
def test_layouts(web: HTTPServer, shape: list[int], layout: str, found: tuple[int, ...] | None) -> None:
    described = discoverable.model("oak", discoverable.IMAGES | {"shape": shape})
    finding = only(discover(serve(web, discoverable.MLSERVER | {"/v2/models/oak": described})))
    assert (finding.candidate.layout, finding.input_shape) == (layout, found)


@pytest.mark.parametrize("shape", [[-1, 784], [-1, 8, 9, 10], [4, 3, 32, 32]])
def test_shapes_that_are_no_images(web: HTTPServer, shape: list[int]) -> None:
    described = discoverable.model("oak", discoverable.IMAGES | {"shape": shape})
    with pytest.raises(TeacherError, match=r"oak: the (model takes no images|server takes batches of one fixed size)"):
        discover(serve(web, discoverable.MLSERVER | {"/v2/models/oak": described}))


def test_a_model_that_is_not_there(web: HTTPServer) -> None:
    with pytest.raises(TeacherError, match=r"no model 'yew' \(expected oak, words\)"):
        discover(serve(web, discoverable.TRITON), model="yew")


def test_more_models_than_are_looked_at(web: HTTPServer) -> None:
    names = [f"m{number}" for number in range(25)]
    pages = {"/v2": discoverable.KSERVE["/v2"], "/v2/models": {"models": names}}
    findings = discover(serve(web, pages))
    assert [finding.candidate.model for finding in findings] == names[:20]
    assert "Of 25 models, 20 were looked at" in findings[-1].note


def test_a_name_that_cannot_be_sent_is_left_out(web: HTTPServer) -> None:
    pages = discoverable.TRITON | {"/v2/repository/index": [{"name": "\ud800"}, {"name": "oak"}]}
    assert [finding.candidate.model for finding in discover(serve(web, pages))] == ["oak"]


# TensorFlow Serving


def test_tensorflow_serving_wants_a_name(web: HTTPServer) -> None:
    pages = {
        **discoverable.NAMELESS,
        "/v1/models/oak/metadata": tensorflow_model(),
        "/v1/models/yew/metadata": discoverable.SERVABLE,
    }
    url = serve(web, pages, {"/v1/models": 400, "/v1/models/yew/metadata": 404})
    with pytest.raises(InputError, match=r"TensorFlow Serving does not say which models it has.*Name the model"):
        discover(url)
    for findings in (discover(url, model="oak"), discover(f"{url}/v1/models/oak:predict")):
        assert told(findings) == [("tf_serving", "oak", (3, 32, 64))]
        assert findings[0].candidate.layout == "channels_last"
    with pytest.raises(TeacherError, match="no model 'yew'"):
        discover(url, model="yew")


@pytest.mark.parametrize(
    ("datatype", "pixels", "words"),
    [("DT_UINT8", "bytes", "0 to 255"), ("DT_STRING", "unit", "image files"), ("DT_FLOAT", "unit", "[0, 1]")],
)
def test_what_a_tensorflow_model_takes(web: HTTPServer, datatype: str, pixels: str, words: str) -> None:
    url = serve(web, {"/v1/models/model/metadata": tensorflow_model(datatype)})
    finding = only(discover(url))
    assert (finding.candidate.model, finding.candidate.pixels, words in finding.note) == ("model", pixels, True)


# Servers of image files


def test_torchserve_lists_its_models_at_another_port_without_the_key(web: HTTPServer, management: HTTPServer) -> None:
    serve(management, discoverable.MANAGEMENT)
    findings = discover(serve(web, discoverable.TORCHSERVE), key=KEY)
    assert told(findings) == [("torchserve", "oak", None), ("torchserve", "elm", None)]
    assert not any("Authorization" in request.headers for request, _ in management.log)
    assert all(request.headers["Authorization"] == f"Bearer {KEY}" for request, _ in web.log)


def test_torchserve_that_lists_nothing(web: HTTPServer, management: HTTPServer) -> None:
    serve(management, {})
    url = serve(web, discoverable.TORCHSERVE)
    with pytest.raises(InputError, match="TorchServe does not say which models"):
        discover(url)
    finding = only(discover(f"{url}/predictions/oak/2.0"))
    assert (finding.candidate.model, finding.candidate.version, finding.candidate.url) == ("oak", "2.0", url)


@pytest.mark.parametrize(
    ("url", "model"),
    [
        ("https://router.huggingface.co/hf-inference/models/google/vit-base-patch16-224", None),
        ("api-inference.huggingface.co/models/google/vit-base-patch16-224", None),
        ("https://huggingface.co/google/vit-base-patch16-224", None),
        ("https://router.huggingface.co", "google/vit-base-patch16-224"),
    ],
)
def test_hugging_face_by_the_name_of_its_host_unasked(url: str, model: str | None) -> None:
    candidate = only(discover(url, model=model, key=KEY)).candidate
    assert (candidate.protocol, candidate.model) == ("hugging_face", "google/vit-base-patch16-224")
    assert candidate.url == "https://router.huggingface.co/hf-inference"


def test_hugging_faces_endpoints() -> None:
    candidate = only(discover("https://x7.us-east-1.aws.endpoints.huggingface.cloud/")).candidate
    assert (candidate.protocol, candidate.model, candidate.name) == ("hugging_face", None, "x7")
    with pytest.raises(InputError, match="very many models"):
        discover("router.huggingface.co")


def test_hugging_faces_container(web: HTTPServer) -> None:
    assert told(discover(serve(web, {"/": "Ok", "/health": "Ok"}))) == [("hugging_face", None, None)]
