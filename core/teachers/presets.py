"""Filled-in forms for the generic teacher: what services of a kind usually look like. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass

from core.candidates import RequestForm


@dataclass(frozen=True)
class Preset:
    """A kind of service: how it is asked, and where it expects a key."""

    label: str
    help: str
    request: RequestForm
    key_header: str = "Authorization"


PRESETS: dict[str, Preset] = {
    "litserve": Preset(
        "LitServe",
        "POST /predict with what the author's decode_request reads, here the numbers of one image as `input`.",
        RequestForm(path="predict", body='{"input": "$image"}', answer="output"),
        key_header="X-API-Key",
    ),
    "bentoml": Preset(
        "BentoML",
        "POST to the method's name with its arguments by name, here a batch of images as `images`.",
        RequestForm(path="classify", body='{"images": "$images"}'),
    ),
    "base64": Preset(
        "JSON with a PNG",
        "One image a request, a PNG file as base64 text in JSON.",
        RequestForm(images="base64", body='{"image": "$image"}'),
    ),
    "upload": Preset(
        "File upload",
        "One image a request, a PNG file as a form's upload, as FastAPI's UploadFile takes it.",
        RequestForm(path="predict", images="upload"),
    ),
    "raw": Preset(
        "Bare file",
        "One image a request, the PNG file itself as the body.",
        RequestForm(path="predict", images="raw"),
    ),
}
