"""Proposals for services that describe themselves by OpenAPI: LitServe, BentoML, FastAPI."""

from __future__ import annotations

import json

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.discovery.discover import Finding, discover
from core.discovery.forms import MOST_PATHS
from core.errors import TeacherError
from core.teachers.connection import check_connection
from tests.support import discoverable
from tests.support.discoverable import asked_with, entries, numbers, openapi, serve


def only(findings: tuple[Finding, ...]) -> Finding:
    (finding,) = findings
    return finding


def test_litserve(web: HTTPServer) -> None:
    for url in ((address := serve(web, discoverable.LITSERVE)), f"{address}/predict", f"{address}/docs#/default"):
        candidate = only(discover(url)).candidate
        assert (candidate.protocol, candidate.url, candidate.key_header) == ("generic", address, "X-API-Key")
        assert (candidate.request.path, candidate.request.body) == ("predict", '{"input": "$image"}')
        assert candidate.request.answer == "output"


def test_bentoml_has_a_proposal_for_each_method_that_takes_images(web: HTTPServer) -> None:
    findings = discover(serve(web, discoverable.BENTOML))
    forms = {one.candidate.name: one.candidate.request for one in findings}
    assert list(forms) == ["BentoML /classify", "BentoML /array", "BentoML /look"]
    assert (forms["BentoML /classify"].body, forms["BentoML /classify"].batched) == ('{"batch": "$images"}', True)
    assert forms["BentoML /array"].body == '{"images": "$images"}'
    assert (forms["BentoML /look"].images, forms["BentoML /look"].field) == ("upload", "image")


FILE = {"type": "string", "contentMediaType": "application/octet-stream"}
FORMS = [  # what a body is, how images are asked with it
    (asked_with("multipart/form-data", entries(["picture"], picture=FILE)), ("upload", "picture", "")),
    (asked_with("multipart/form-data", entries(["a"], a={"type": "string", "format": "binary"})), ("upload", "a", "")),
    (asked_with("multipart/form-data", entries(["a", "b"], a=FILE, b={"type": "string"})), None),
    (asked_with("multipart/form-data", entries(["a", "b"], a=FILE, b=FILE)), None),
    (asked_with("image/png", {"type": "string", "format": "binary"}), ("raw", "file", "")),
    (asked_with("application/json", entries(image_b64={"type": "string"})), ("base64", "", "image_b64 $image")),
    (asked_with("application/json", entries(image={"anyOf": [{"type": "null"}, {"type": "string"}]})),
     ("base64", "", "image $image")),
    (asked_with("application/json", entries(images={"type": "array", "items": {"type": ["string", "null"]}})),
     ("base64", "", "images $images")),
    (asked_with("application/json", entries(pixels=numbers(3))), ("numbers", "", "pixels $image")),
    (asked_with("application/json", entries(x=numbers(4), scale={"type": "number"})), ("numbers", "", "x $images")),
    (asked_with("application/json", entries(["x", "y"], x=numbers(3), y=numbers(3))), None),
    (asked_with("application/json", entries(x=numbers(1))), None),
    (asked_with("application/json", entries(instances={"type": "array", "items": {}})),
     ("numbers", "", "instances $images")),
    (asked_with("application/json", entries(prompt={"type": "string"})), None),
    (asked_with("application/json", entries(["image", "user"], image={"type": "string"}, user={"type": "string"})),
     None),
    (asked_with("application/json", {"$ref": "#/components/schemas/Body"}), ("numbers", "", "tensor $image")),
]  # fmt: skip


@pytest.mark.parametrize(("path", "form"), FORMS)
def test_forms_of_fastapi(web: HTTPServer, path: dict[str, object], form: tuple[str, str, str] | None) -> None:
    components = {"schemas": {"Body": entries(tensor=numbers(3)), "Loop": {"$ref": "#/components/schemas/Loop"}}}
    paths = {"/users/{user}": path, "/loop": asked_with("application/json", {"$ref": "#/components/schemas/Loop"})}
    url = serve(web, {"/openapi.json": openapi(paths | {"/v1/ask": path}, components=components)})
    if form is None:
        with pytest.raises(TeacherError, match="no model server that is known"):
            discover(url)
        return
    request = only(discover(url)).candidate.request
    images, field, body = form
    assert (request.path, request.images) == ("v1/ask", images)
    if field:
        assert request.field == field
    if body:
        ((name, place),) = json.loads(request.body).items()
        assert f"{name} {place}" == body


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (entries(label={"type": "string"}, probs=numbers(1), seconds={"type": "number"}), "probs"),
        (entries(whatever=numbers(1)), "whatever"),
        (entries(one=numbers(1), other=numbers(1)), ""),
        (numbers(1), ""),
        ({}, ""),
    ],
)
def test_where_a_reply_has_the_answer(web: HTTPServer, reply: object, answer: str) -> None:
    paths = {"/predict": asked_with("multipart/form-data", entries(["file"], file=FILE), reply)}
    url = serve(web, {"/openapi.json": openapi(paths)})
    assert only(discover(url)).candidate.request.answer == answer


def test_of_a_long_description_the_beginning_is_looked_at(web: HTTPServer) -> None:
    path = asked_with("multipart/form-data", entries(["file"], file=FILE))
    paths = {f"/other/{number}": {} for number in range(MOST_PATHS - 1)}
    url = serve(web, {"/openapi.json": openapi(paths | {"/predict": path, "/classify": path})})
    assert only(discover(url)).candidate.request.path == "predict"


def test_a_key_may_go_into_a_header_with_an_underscore(web: HTTPServer) -> None:
    path = asked_with("multipart/form-data", entries(["file"], file=FILE))
    schemes = {"key": {"type": "apiKey", "in": "header", "name": "api_key"}}
    url = serve(web, {"/openapi.json": openapi({"/predict": path}, components={"securitySchemes": schemes})})
    assert only(discover(url)).candidate.key_header == "api_key"


def test_the_operation_that_the_address_names_is_meant(web: HTTPServer) -> None:
    path = asked_with("multipart/form-data", entries(["file"], file=FILE))
    url = serve(web, {"/openapi.json": openapi({"/upload": path, "/v1/classify": path, "/predict": path})})
    assert [one.candidate.request.path for one in discover(url)] == ["v1/classify", "predict", "upload"]
    assert only(discover(f"{url}/upload")).candidate.url == url


def test_a_proposed_form_answers(web: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        assert set(request.files) == {"photo"}
        return Response(json.dumps({"scores": [0.25, 0.75], "seconds": 0.1}), content_type="application/json")

    web.expect_request("/predict", method="POST").respond_with_handler(answer)
    body, reply = entries(["photo"], photo=FILE), entries(scores=numbers(1), seconds={"type": "number"})
    url = serve(web, {"/openapi.json": openapi({"/predict": asked_with("multipart/form-data", body, reply)})})
    candidate = only(discover(url)).candidate
    report = check_connection(candidate, key=None, probe_shape=(1, 8, 8), class_names=None)
    assert report.ok, report.message
