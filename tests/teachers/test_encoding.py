"""Pixels as they arrive: in the range, the normalisation and the order of axes that the candidate names."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from pytest_httpserver import HTTPServer
from torchvision.transforms.functional import normalize
from werkzeug import Request, Response

from core.errors import TeacherError
from core.teachers.encoding import float_data, in_layout, json_data, json_nested, normalisation, png_of
from core.teachers.registry import open_teacher
from tests.support.inference import SHAPE, InferenceServer, expected_probs, output_tensor, suspect
from tests.support.servers import decoded

COLOUR = (3, 2, 4)


@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
@pytest.mark.parametrize("pixels", ["unit", "signed", "imagenet", "bytes"])
def test_pixels_arrive_as_the_model_expects_them(web: HTTPServer, pixels: str, layout: str) -> None:
    bodies = []

    def infer(request: Request) -> Response:
        bodies.append(json.loads(request.get_data())["inputs"][0])
        answers = np.full((bodies[-1]["shape"][0], 4), 0.25)
        return Response(json.dumps({"outputs": [output_tensor(answers)]}), content_type="application/json")

    datatype = "UINT8" if pixels == "bytes" else "FP32"
    shape = [-1, 3, 2, 4] if layout == "channels_first" else [-1, 2, 4, 3]
    web.expect_request("/v2/models/m").respond_with_json(
        {"inputs": [{"name": "pixels", "datatype": datatype, "shape": shape}]}
    )
    web.expect_request("/v2/models/m/infer").respond_with_handler(infer)
    teacher = open_teacher(suspect(web, pixels=pixels, layout=layout))
    assert teacher.connect(COLOUR).input_shape == COLOUR
    images = np.random.default_rng(0).integers(0, 256, (11, *COLOUR), dtype=np.uint8)
    teacher.query(images)
    assert (bodies[-1]["datatype"], bodies[-1]["shape"]) == (datatype, [11, *shape[1:]])

    received = np.array(bodies[-1]["data"], dtype=np.float32).reshape(11, *shape[1:])
    received = received if layout == "channels_first" else received.transpose(0, 3, 1, 2)
    whole = torch.from_numpy(images)
    expected = {
        "unit": whole.double() / 255,
        "signed": whole.double() / 255 * 2 - 1,
        "imagenet": normalize(whole.double() / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        "bytes": whole,
    }[pixels]
    np.testing.assert_allclose(received, expected.numpy().astype(np.float32), rtol=3e-7, atol=1e-8)


def test_imagenets_normalisation_is_for_colour(inference: InferenceServer) -> None:
    with pytest.raises(TeacherError, match=r"for images of other channels .*expected 3, got 1"):
        open_teacher(inference.candidate(pixels="imagenet")).connect(SHAPE)
    assert inference.images == 0


def test_who_is_sent_other_pixels_is_another_teacher(inference: InferenceServer) -> None:
    inference.metadata = {}
    shown = [open_teacher(inference.candidate(pixels=pixels)).connect(SHAPE).identity for pixels in ("unit", "signed")]
    assert shown[1] == f"{shown[0]}|signed|channels_first"


@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
@pytest.mark.parametrize("pixels", ["unit", "signed", "imagenet", "bytes"])
def test_lists_texts_and_bytes_say_the_same(pixels: str, layout: str) -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, *COLOUR), dtype=np.uint8)
    binary = float_data(images, pixels, layout)
    assert binary.dtype == np.float32
    assert binary.shape == (2, *in_layout(COLOUR, layout))
    flat = json.loads(b"[" + json_data(images, pixels, layout) + b"]")
    np.testing.assert_array_equal(np.array(flat, np.float32), binary.ravel())
    nested = [json.loads(json_nested(image, pixels, layout)) for image in images]
    np.testing.assert_array_equal(np.array(nested, np.float32), binary)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 8, 5), (3, 8, 5), (3, 1, 64)])
def test_a_png_file_has_every_pixel(shape: tuple[int, int, int]) -> None:
    image = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_array_equal(decoded(png_of(image)), image)


def test_a_normalisation_has_a_mean_and_a_deviation_for_each_channel() -> None:
    assert normalisation("unit", 3, name="suspect") == ((0.0,) * 3, (1.0,) * 3)
    assert normalisation("signed", 1, name="suspect") == ((0.5,), (0.5,))
    assert normalisation("imagenet", 3, name="suspect")[0] == (0.485, 0.456, 0.406)


def test_a_mean_and_deviation_of_its_own_replace_the_range(inference: InferenceServer) -> None:
    """Sent is `(pixel / 255 - mean) / std`, by channel."""
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.25, 0.125)
    image = np.random.default_rng(0).integers(0, 256, (1, 3, 4, 5), dtype=np.uint8)
    expected = (image / 255 - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
    np.testing.assert_allclose(float_data(image, (mean, std), "channels_first"), expected, rtol=1e-5)
    candidate = inference.candidate(mean=mean, std=std)
    assert candidate.scaling == (mean, std)
    with pytest.raises(TeacherError, match=r"for images of other channels .*expected 3, got 1"):
        open_teacher(candidate).connect(SHAPE)


def test_images_are_resized_to_the_size_of_the_candidate(inference: InferenceServer) -> None:
    teacher = open_teacher(inference.candidate(size=SHAPE[1:]))
    student = (1, 20, 12)
    found = teacher.connect(student)
    assert found.input_shape in (SHAPE, None)
    images = np.random.default_rng(0).integers(0, 256, (3, *student), dtype=np.uint8)
    expected = np.stack([
        np.asarray(Image.fromarray(one[0]).resize((8, 8), Image.Resampling.BILINEAR))[None] for one in images
    ])  # fmt: skip
    np.testing.assert_allclose(teacher.query(images), expected_probs(expected), rtol=1e-6)
    assert found.identity != open_teacher(inference.candidate()).connect(SHAPE).identity
