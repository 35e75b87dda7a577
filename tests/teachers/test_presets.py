"""Each filled-in form against a service as its documentation shows them."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_httpserver import HTTPServer

from core.candidates import CandidateConfig, RequestForm
from core.teachers.presets import PRESETS
from core.teachers.registry import open_teacher
from tests.support.inference import NAMES, SHAPE, expected_probs
from tests.support.servers import GenericServer

OUTPUT = {"litserve": "output"}  # where a service has the answer; else it is the whole reply
FIELD = {"litserve": "input", "bentoml": "images", "base64": "image"}  # what it calls its argument


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_works_with_its_service(web: HTTPServer, name: str) -> None:
    preset = PRESETS[name]
    service = GenericServer(web, f"/{preset.request.path}")
    service.change = lambda reply: {OUTPUT[name]: reply["scores"]} if name in OUTPUT else reply["scores"]
    url = f"http://127.0.0.1:{web.port}"
    candidate = CandidateConfig(
        name="suspect", protocol="generic", url=url, request=preset.request, key_header=preset.key_header
    )
    teacher = open_teacher(candidate, key="sesame-81")
    found = teacher.connect(SHAPE, NAMES)
    assert found.max_batch == (32 if name == "bentoml" else 1)
    probes = np.random.default_rng(0).integers(0, 256, (1, *SHAPE), dtype=np.uint8)
    np.testing.assert_allclose(teacher.query(probes), expected_probs(probes), rtol=1e-6)
    if name in FIELD:
        assert set(service.requests[-1]) == {FIELD[name]}
    if name == "upload":
        assert service.requests[-1]["field"] == "file"
    key = {"Authorization": "Bearer sesame-81", "X-API-Key": "sesame-81"}[preset.key_header]
    assert {request.headers[preset.key_header] for request, _ in web.log} == {key}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_valid_form_with_words_for_it(name: str) -> None:
    preset = PRESETS[name]
    assert RequestForm.model_validate_json(preset.request.model_dump_json()) == preset.request
    assert preset.label and preset.help.endswith(".")


def test_presets_are_told_apart() -> None:
    assert len({preset.label for preset in PRESETS.values()}) == len(PRESETS)
