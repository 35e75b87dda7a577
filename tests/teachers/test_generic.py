"""Services without a protocol of their own: every way to send an image, and where the answer is found."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from pytest_httpserver import HTTPServer

from core.candidates import RequestForm
from core.errors import InputError, TeacherError
from core.teachers.registry import open_teacher
from tests.support.inference import CLASSES, NAMES, SHAPE, expected_probs, suspect
from tests.support.servers import GenericServer, decoded


@pytest.fixture
def service(web: HTTPServer) -> GenericServer:
    return GenericServer(web)


def images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *SHAPE), dtype=np.uint8)


def form(**settings: object) -> RequestForm:
    return RequestForm(**{"path": "classify", "answer": "scores"} | settings)


def connected(service: GenericServer, request: RequestForm, **settings: object) -> object:
    teacher = open_teacher(service.candidate(request=request, **settings))
    teacher.connect(SHAPE, NAMES)
    return teacher


FORMS = {
    "numbers": form(),
    "numbers in a batch": form(body='{"images": "$images"}'),
    "base64": form(images="base64"),
    "base64 in a batch": form(images="base64", body='{"files": "$images"}'),
    "data URL": form(images="base64", body='{"url": "data:image/png;base64,$image"}'),
    "data URLs": form(images="base64", body='{"urls": "data:image/png;base64,$images"}'),
    "upload": form(images="upload"),
    "raw": form(images="raw"),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_answers_for_the_probes(service: GenericServer, name: str) -> None:
    request = FORMS[name]
    teacher = open_teacher(service.candidate(request=request))
    found = teacher.connect(SHAPE, NAMES)
    batched = name.endswith(("batch", "URLs"))
    assert (found.output, found.max_batch) == ("probs", 32 if batched else 1)
    count = 3 if batched else 1
    np.testing.assert_allclose(teacher.query(images(count)), expected_probs(images(count)), rtol=1e-6)
    assert service.batches == ([2, 3] if batched else [1, 1, 1])
    assert teacher.sent == service.images


def test_numbers_are_nested_and_the_rest_of_the_body_stays(service: GenericServer) -> None:
    body = '{"model": "v2", "options": {"top": [1, 2.5, null, true], "ünï": "say \\"$5\\""}, "image": "$image"}'
    connected(service, form(body=body)).query(images(1))
    asked = service.requests[-1]
    assert {name: value for name, value in asked.items() if name != "image"} == {
        "model": "v2",
        "options": {"top": [1, 2.5, None, True], "ünï": 'say "$5"'},
    }
    np.testing.assert_array_equal(np.array(asked["image"], np.float32), images(1)[0] / np.float32(255))
    assert service.headers[-1]["Content-Type"] == "application/json"


def test_numbers_as_the_candidates_pixels_and_layout_say(service: GenericServer) -> None:
    connected(service, form(), pixels="bytes", layout="channels_last").query(images(1))
    np.testing.assert_array_equal(service.requests[-1]["image"], images(1)[0].transpose(1, 2, 0))


@pytest.mark.parametrize(
    ("body", "prefix"),
    [
        ('{"image": "$image"}', ""),
        ('{"image": "data:image/png;base64,$image"}', "data:image/png;base64,"),
        ('{"image": "say \\"a\\": $image"}', 'say "a": '),
    ],
)
def test_base64_is_of_a_png_file_of_the_probe(web: HTTPServer, body: str, prefix: str) -> None:
    web.expect_request("/").respond_with_json([0.25, 0.75])
    teacher = open_teacher(suspect(web, protocol="generic", request=RequestForm(images="base64", body=body)))
    teacher.connect(SHAPE)
    teacher.query(images(1))
    text = json.loads(web.log[-1][0].get_data())["image"]
    assert text.startswith(prefix)
    np.testing.assert_array_equal(decoded(base64.b64decode(text.removeprefix(prefix), validate=True)), images(1)[0])


def test_more_text_may_follow_an_image(web: HTTPServer) -> None:
    web.expect_request("/").respond_with_json([0.25, 0.75])
    request = RequestForm(images="base64", body='["<img src=$image>", 1]')
    open_teacher(suspect(web, protocol="generic", request=request)).connect(SHAPE)
    text, one = json.loads(web.log[-1][0].get_data())
    assert (text[:9], text[-1], one) == ("<img src=", ">", 1)


@pytest.mark.parametrize("field", ["file", "the image", 'a"b', "ünï"])
def test_an_upload_is_a_form_with_one_file(service: GenericServer, field: str) -> None:
    connected(service, form(images="upload", field=field))
    assert service.requests[-1] == {"field": field, "type": "image/png"}


def test_a_bare_file_is_the_body(service: GenericServer) -> None:
    connected(service, form(images="raw")).query(images(1))
    assert service.headers[-1]["Content-Type"] == "image/png"
    np.testing.assert_array_equal(decoded(service.server.log[-1][0].get_data()), images(1)[0])


@pytest.mark.parametrize("images_as", ["numbers", "raw"])
def test_headers_are_sent_and_cannot_replace_the_type(service: GenericServer, images_as: str) -> None:
    headers = {"X-Deployment": "blue", "content-type": "text/plain", "Accept": "text/json"}
    connected(service, form(images=images_as, headers=headers))
    sent = service.headers[-1]
    assert (sent["X-Deployment"], sent["Accept"]) == ("blue", "text/json")
    assert sent["Content-Type"] == {"numbers": "application/json", "raw": "image/png"}[images_as]


def test_a_key_stands_by_itself_in_a_header_of_its_own(service: GenericServer) -> None:
    open_teacher(service.candidate(key_header="X-API-Key"), key="sesame-81").connect(SHAPE, NAMES)
    assert {headers["X-Api-Key"] for headers in service.headers} == {"sesame-81"}
    assert not any("Authorization" in headers for headers in service.headers)


def nested(path: str) -> Callable[[dict[str, object]], object]:
    """A reply whose scores stand at `path`."""

    def change(reply: dict[str, object]) -> object:
        found = reply["scores"]
        for step in reversed(path.split(".") if path else []):
            found = [None] * int(step) + [found] if step.isdecimal() else {"time": 3, step: found}
        return found

    return change


@pytest.mark.parametrize("path", ["", "scores", "data.results", "0.scores", "results.2.answer.0"])
@pytest.mark.parametrize("body", ['{"image": "$image"}', '{"images": "$images"}'])
def test_where_the_answer_is(service: GenericServer, path: str, body: str) -> None:
    service.change = nested(path)
    teacher = connected(service, form(body=body, answer=path))
    np.testing.assert_allclose(teacher.query(images(1)), expected_probs(images(1)), rtol=1e-6)


def test_the_last_of_a_list_is_minus_one(service: GenericServer) -> None:
    service.change = lambda reply: [1, 2, reply["scores"]]
    connected(service, form(answer="-1"))


def _pairs(scores: list[float]) -> list[tuple[str, float]]:
    return list(zip(NAMES, scores, strict=True))


@pytest.mark.parametrize(
    ("change", "output"),
    [
        (lambda scores: scores, "probs"),
        (lambda scores: [scores], "probs"),
        (lambda scores: [math.log(score) for score in scores], "logits"),
        (dict, "probs"),
        (lambda scores: [{"name": name, "confidence": score} for name, score in _pairs(scores)], "probs"),
        (lambda scores: _pairs(scores)[:2], "top_k"),
        (lambda scores: {"class": max(_pairs(scores), key=lambda pair: pair[1])[0]}, "labels"),
        (lambda scores: int(np.argmax(scores)), "labels"),
    ],
    ids=["vector", "batch of one", "logits", "by label", "objects", "pairs", "label", "number"],
)
def test_kinds_of_answers(service: GenericServer, change: Callable[[object], object], output: str) -> None:
    service.change = lambda reply: {
        "scores": change(dict(_pairs(reply["scores"])) if change is dict else reply["scores"])
    }
    assert open_teacher(service.candidate(request=form())).connect(SHAPE, NAMES).output == output


@pytest.mark.parametrize(
    ("request_form", "change", "message"),
    [
        (form(answer="results"), nested("scores"), r"the reply has no 'results' .*answer at results, got \{.*path"),
        (form(answer="scores.probs"), nested("scores"), r"the reply has no 'probs' .*answer at scores.probs"),
        (form(answer="scores.9"), nested("scores"), "the reply has no '9'"),
        (form(answer="scores.0.x"), nested("scores"), "the reply has no 'x'"),
        (form(answer=""), nested("scores"), r"no answer .*where in its reply"),
        (form(), lambda reply: {"scores": "cat and dog"}, "none of the candidate's labels .*got cat and dog"),
        (form(), lambda reply: {"scores": reply["scores"][:-1]}, "another number of classes .*expected 5, got 4"),
        (form(answer=""), lambda reply: {"error": "no image"}, "no answer .*the error 'no image'"),
        (form(body='["$images"]'), lambda reply: {"scores": [reply["scores"]]}, "does not answer every image"),
        (form(body='["$images"]'), lambda reply: {"scores": [[0.5, 0.5]]}, "every image .*list of 2, got 1"),
    ],
)
def test_answers_of_no_use(
    web: HTTPServer, request_form: RequestForm, change: Callable[[object], object], message: str
) -> None:
    probs = [0.2] * CLASSES
    web.expect_request("/classify", method="POST").respond_with_json(change({"scores": probs}))
    with pytest.raises(TeacherError, match=f"suspect: .*{message}"):
        open_teacher(suspect(web, protocol="generic", request=request_form)).connect(SHAPE, NAMES)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (422, {"detail": "field image is required"}, "rejects the request .*field image is required"),
        (401, {"detail": "Invalid API Key"}, "wants a key, and none was sent .*Invalid API Key"),
        (413, {"detail": "Payload too large"}, "finds a request too large .*Payload too large"),
    ],
)
def test_what_the_service_says_is_shown(web: HTTPServer, status: int, body: object, message: str) -> None:
    web.expect_request("/classify").respond_with_json(body, status)
    with pytest.raises(TeacherError, match=f"suspect: .*{message}"):
        open_teacher(suspect(web, protocol="generic", request=form())).connect(SHAPE, NAMES)


def test_the_request_is_part_of_the_identity(service: GenericServer) -> None:
    requests = [form(), form(headers={"X-Deployment": "blue"}), form(images="raw"), form(body='{"x": "$image"}')]
    identities = [
        open_teacher(service.candidate(request=request)).connect(SHAPE, NAMES).identity for request in requests
    ]
    assert len(set(identities)) == len(requests)


def test_pixels_are_no_part_of_the_identity_of_whoever_takes_files(service: GenericServer) -> None:
    def identity(**settings: object) -> str:
        return open_teacher(service.candidate(**settings)).connect(SHAPE, NAMES).identity

    assert identity(request=form(images="raw")) == identity(request=form(images="raw"), pixels="bytes")
    assert identity(request=form()) != identity(request=form(), layout="channels_last")


def test_without_a_form_nothing_is_asked(web: HTTPServer) -> None:
    candidate = suspect(web, protocol="generic", request=form()).model_copy(update={"request": None})
    with pytest.raises(InputError, match="nothing says how to ask it"):
        open_teacher(candidate)
