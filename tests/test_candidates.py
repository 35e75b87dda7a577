"""What a candidate may be, and what is refused before anybody is asked."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from core.candidates import NEEDS, CandidateConfig, Protocol, RequestForm
from core.config import validated
from core.errors import InputError

FILLED = {  # something for each field that some protocol needs
    "url": "http://h:1",
    "model": "m",
    "request": {"path": "predict"},
    "checkpoint": "oak.safetensors",
}


def candidate(**settings: object) -> CandidateConfig:
    return validated(CandidateConfig, {"name": "suspect", "url": "http://h:1", "model": "m"} | settings)


def form(**settings: object) -> RequestForm:
    return validated(RequestForm, settings)


# What each protocol needs


@pytest.mark.parametrize("protocol", get_args(Protocol))
def test_a_candidate_has_what_its_protocol_needs(protocol: Protocol) -> None:
    needed = {name: FILLED[name] for name in NEEDS[protocol]}
    assert validated(CandidateConfig, {"name": "a", "protocol": protocol} | needed).protocol == protocol
    for missing in needed:
        for empty in ({}, {missing: ""} if missing == "url" else {}):
            left = {name: value for name, value in needed.items() if name != missing} | empty
            with pytest.raises(InputError, match=f"protocol = '{protocol}' needs {missing}"):
                validated(CandidateConfig, {"name": "a", "protocol": protocol} | left)


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(InputError, match="protocol = 'triton' needs url and model"):
        validated(CandidateConfig, {"name": "a", "protocol": "triton"})


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(InputError, match="protocol: Input should be 'open_inference', 'triton'"):
        candidate(protocol="grpc")


# Fields of a candidate


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"url": "h:1"}, "must start with http:// or https:// and name a host"),
        ({"url": "ftp://h"}, "must start with http"),
        ({"url": "http://"}, "name a host"),
        ({"url": "http://h:0"}, "a port from 1 to 65535"),
        ({"url": "http://h/\u200b"}, "blanks or control characters"),
        ({"url": "http://me:pa55@h"}, "must not carry a user, a password or a query: name a key_env"),
        ({"url": "http://h/?key=pa55"}, "must not carry"),
        ({"url": "http://h/#pa55"}, "must not carry"),
        ({"key_env": "sk-pa55"}, "key_env: String should match pattern"),
        ({"key_env": ""}, "key_env"),
        ({"key_header": "X Key"}, "key_header: String should match pattern"),
        ({"key_header": "X-Key\r\nHost"}, "key_header"),
        ({"key_header": "X-Key\n"}, "key_header"),
        ({"key_header": ""}, "key_header"),
        ({"key_header": "X" * 81}, "key_header"),
        ({"checkpoint": "a\0b"}, "checkpoint: a path holds no NUL"),
        ({"ca_file": "a\0b"}, "ca_file: a path holds no NUL"),
        ({"classes": []}, "two or more different names"),
        ({"classes": ["cat"]}, "two or more different names"),
        ({"classes": ["cat", "dog", "cat"]}, "two or more different names"),
        ({"classes": ["cat", "\ud800"]}, "classes.1"),
        ({"synonyms": {"kitty": "x" * 1001}}, "synonyms"),
        ({"name": " "}, "name: String should have at least 1 character"),
        ({"model": "m\x1b[31m"}, "model: text must not hold control characters"),
        ({"version": "\u202e1"}, "version: text must not hold control characters"),
        ({"output": "softmax"}, "output"),
        ({"max_batch": 0}, "max_batch"),
        ({"max_concurrency": 65}, "max_concurrency"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"timeout": float("nan")}, "timeout"),
        ({"budget": 0}, "budget"),
        ({"price": -1}, "price"),
        ({"api_key": "pa55"}, "api_key: Extra inputs are not permitted"),
    ],
    ids=lambda value: "" if isinstance(value, str) else ascii(value)[:40],
)
def test_what_a_candidate_may_not_be(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        candidate(**settings)
    assert message in str(caught.value)
    assert "pa55" not in str(caught.value)


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key", "api-key", "Ocp-Apim-Subscription-Key", "X" * 80])
def test_a_key_may_go_into_any_header(header: str) -> None:
    assert candidate(key_header=header).key_header == header


def test_classes_keep_their_order() -> None:
    assert candidate(classes=["dog", "cat", ""]).classes == ("dog", "cat", "")


def test_relative_paths_are_taken_from_a_folder_and_others_are_left() -> None:
    local = validated(CandidateConfig, {"name": "a", "protocol": "local", "checkpoint": "zoo/oak.safetensors"})
    assert local.beneath(Path("/audits")).checkpoint == Path("/audits/zoo/oak.safetensors")
    assert local.beneath(Path("/audits")).ca_file is None
    both = candidate(checkpoint="/models/oak.safetensors", ca_file="ca.pem").beneath(Path("/audits"))
    assert (both.checkpoint, both.ca_file) == (Path("/models/oak.safetensors"), Path("/audits/ca.pem"))
    assert candidate().beneath(Path("/audits")) == candidate()


# The form of a request


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "must be JSON"),
        ("{'image': '$image'}", "must be JSON"),
        ('{"image": $image}', "must be JSON"),
        ("[" * 5000, "must be JSON"),
        ('["$image", ' + "9" * 5000 + "]", "must be JSON"),
        ("{}", 'must hold one text with "$image"'),
        ("null", "must hold one text"),
        ('{"a": "$image", "b": "$image"}', "must hold one text"),
        ('{"a": "$image $image"}', "must hold one text"),
        ('{"a": "$image", "a": 1}', "must hold one text"),
        ('{"a": "$image", "a": "$image"}', "must hold one text"),
        ('{"a": "\\u0024image"}', "must hold one text"),
        ('{"a": "$image", "b": "\\u0024images"}', "must hold one text"),
        ('{"$image": 1}', "must be a value in the body, not the name of one"),
        ('{"$images": []}', "not the name of one"),
        ('{"an $image": 1}', "not the name of one"),
        ('{"$image": "$image"}', "not the name of one"),
        ('[{"a": [{"my $image": 0}]}]', "not the name of one"),
        ('["<\\"$images\\">"]', "must not hold quotation marks"),
        ('["$image"]' + " " * 10_000, "body: String should have at most"),
    ],
    ids=lambda value: value[:40],
)
def test_bodies_that_have_no_one_place_for_images(body: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        form(body=body)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("body", "batched"),
    [
        ('"$image"', False),
        ('["$images"]', True),
        ('{"a": {"b": [1, "x$image"]}, "image": null}', False),
        ('{"text": "say \\"a\\": $image"}', False),
        ('{"urls": "data:image/png;base64,$images"}', True),
    ],
)
def test_bodies_with_one_place_for_images(body: str, batched: bool) -> None:
    assert form(body=body).batched == form(body=body, images="base64").batched == batched
    assert not form(body=body, images="upload").batched and not form(body=body, images="raw").batched


@pytest.mark.parametrize(
    "name",
    ["Authorization", "proxy-authorization", "X-API-Key", "apikey", "X-Auth", "Cookie", "X-Access-Token",
     "Client-SECRET", "X-Password", "Ocp-Apim-Subscription-Key"],
)  # fmt: skip
def test_a_key_is_not_written_among_the_headers(name: str) -> None:
    with pytest.raises(InputError, match="a key must not be in the headers: name a key_env") as caught:
        form(headers={"X-Tenant": "a", name: "pa55"})
    assert "pa55" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"headers": {"X Tenant": "a"}}, "headers"),
        ({"headers": {"X-Tenant": "a\r\nHost: b"}}, "headers"),
        ({"headers": {"X-Tenant": "a\n"}}, "headers"),
        ({"headers": {"X-Tenant": "ä"}}, "headers"),
        ({"path": "a b"}, "path"),
        ({"path": "a?key=1"}, "path"),
        ({"path": "a#b"}, "path"),
        ({"field": ""}, "field"),
        ({"answer": "x" * 201}, "answer"),
        ({"images": "jpeg"}, "images"),
        ({"method": "GET"}, "method: Extra inputs are not permitted"),
    ],
    ids=ascii,
)
def test_what_a_form_may_not_be(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        form(**settings)


def test_headers_that_are_no_secrets_are_kept() -> None:
    assert form(headers={"X-Tenant": "a b", "Accept-Language": ""}).headers == {
        "X-Tenant": "a b",
        "Accept-Language": "",
    }
