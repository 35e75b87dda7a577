"""A candidate: who is asked, over which protocol, with what, and for how much. Free of torch.

Keys of APIs are never part of it: it names the environment variable that holds its key.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, FiniteFloat, StringConstraints, field_validator, model_validator

from core.values import ClassName, Frozen, Name

Protocol = Literal["open_inference", "triton", "tf_serving", "torchserve", "hugging_face", "generic", "local"]
Output = Literal["logits", "probs", "top_k", "labels"]
PixelRange = Literal["unit", "signed", "imagenet", "bytes"]  # [0, 1], [-1, 1], ImageNet's mean and sd, 0 to 255
Layout = Literal["channels_first", "channels_last"]
Scaling = PixelRange | tuple[tuple[float, ...], tuple[float, ...]]  # or mean and standard deviation, by channel
Side = Annotated[int, Field(ge=8, le=1024)]  # pixels
ImageForm = Literal["numbers", "base64", "upload", "raw"]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=80)]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=1000)]

NEEDS: dict[Protocol, tuple[str, ...]] = {  # fields that a candidate of a protocol must have
    "open_inference": ("url", "model"),
    "triton": ("url", "model"),
    "tf_serving": ("url", "model"),
    "torchserve": ("url", "model"),
    "hugging_face": ("url",),
    "generic": ("url", "request"),
    "local": ("checkpoint",),
}
IMAGE, IMAGES = "$image", "$images"  # where a request's body has them
_CREDENTIAL = re.compile(r"auth|cookie|key|token|secret|password", re.IGNORECASE)  # in a header's name


class RequestForm(Frozen):
    """How a service without a protocol of its own is asked, and where its reply holds the answer."""

    path: Annotated[str, StringConstraints(pattern=r"^[^\s?#]*$", max_length=500)] = ""  # below the address
    images: ImageForm = "numbers"  # nested lists, PNG files as base64 text, as a form's upload, as the whole body
    body: str = Field('{"image": "$image"}', max_length=10_000)  # JSON; of numbers and base64, with $images a batch
    field: str = Field("file", min_length=1, max_length=80)  # of the form, for uploads
    answer: str = Field("", max_length=200)  # path into the reply, as in results.0.scores; empty: all of it
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)  # beside the key's

    @field_validator("body")
    @classmethod
    def _json_with_one_place_for_images(cls, body: str) -> str:
        try:
            names, texts = _names_and_texts(json.loads(body))
        except (ValueError, RecursionError):
            raise ValueError('the body must be JSON, like {"image": "$image"}') from None
        if any(IMAGE in name for name in names):
            raise ValueError('"$image" must be a value in the body, not the name of one')
        places = [text for text in texts if IMAGE in text]
        if len(places) != 1 or body.count(IMAGE) != 1:
            raise ValueError('the body must hold one text with "$image", or "$images" for a batch')
        if IMAGES in places[0] and '"' in places[0]:
            raise ValueError('the text around "$images" must not hold quotation marks')
        return body

    @field_validator("headers")
    @classmethod
    def _no_secrets(cls, headers: dict[str, str]) -> dict[str, str]:
        if any(_CREDENTIAL.search(name) for name in headers):
            raise ValueError("a key must not be in the headers: name a key_env, and a key_header where it is no bearer")
        return headers

    @property
    def batched(self) -> bool:
        """Whether one request holds several images."""
        return self.images in ("numbers", "base64") and IMAGES in self.body


class CandidateConfig(Frozen):
    """A teacher under suspicion, and how to ask it."""

    name: Name
    protocol: Protocol = "open_inference"
    url: str = ""  # of the server, or of the model where the protocol has no names of models
    model: Name | None = None
    version: Name | None = None
    checkpoint: Path | None = None  # of a candidate whose weights are here
    key_env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    key_header: HeaderName = "Authorization"  # there it is a bearer token, else it stands by itself
    ca_file: Path | None = None  # certificate authorities that its server is known by, PEM
    output: Output | Literal["auto"] = "auto"
    top_k: int | None = Field(None, ge=1, le=100_000)  # classes to ask for where one can choose; None: all
    classes: tuple[ClassName, ...] | None = None  # its own, in its order; None: the student's, in the student's order
    synonyms: dict[ClassName, ClassName] = Field(default_factory=dict)  # its name of a class: the student's
    request: RequestForm | None = None
    pixels: PixelRange = "unit"  # what the served model expects, where it does not prepare its images itself
    mean: tuple[FiniteFloat, ...] | None = None  # of pixels in [0, 1], one or by channel; with std, not pixels
    std: tuple[Annotated[FiniteFloat, Field(gt=0)], ...] | None = None
    size: tuple[Side, Side] | None = None  # height and width that images are resized to; None: the student's
    layout: Layout = "channels_first"
    max_batch: int = Field(32, ge=1, le=4096)
    max_concurrency: int = Field(1, ge=1, le=64)  # calls at a time
    requests_per_minute: float | None = Field(None, ge=0.01, le=100_000)  # None: as many as there is time for
    timeout: float = Field(30.0, gt=0, le=600)  # seconds without a byte of an answer
    budget: int | None = Field(None, ge=1, le=10**9)  # images that an audit may send it; None: all that it needs
    price: float | None = Field(None, ge=0, le=1e6)  # of an image, in whatever currency

    @field_validator("url")
    @classmethod
    def _plain_http(cls, url: str) -> str:
        url = url.strip()
        if not url:
            return url
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an address must start with http:// or https:// and name a host")
        if any(character.isspace() or not character.isprintable() for character in url):
            raise ValueError("an address must not hold blanks or control characters")
        if not _port_is_possible(parts):
            raise ValueError("an address must name a port from 1 to 65535, or none")
        if "@" in parts.netloc or "?" in url or "#" in url:
            raise ValueError("an address must not carry a user, a password or a query: name a key_env instead")
        return url.rstrip("/")

    @field_validator("checkpoint", "ca_file")
    @classmethod
    def _possible_path(cls, path: Path | None) -> Path | None:
        if path is not None and "\0" in str(path):
            raise ValueError("a path holds no NUL character")
        return path

    @field_validator("classes")
    @classmethod
    def _each_class_once(cls, classes: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if classes is not None and (len(classes) < 2 or len(set(classes)) < len(classes)):
            raise ValueError("classes must be two or more different names")
        return classes

    @model_validator(mode="after")
    def _mean_with_std(self) -> Self:
        if len(self.mean or ()) != len(self.std or ()) or self.mean == ():
            raise ValueError("mean and std must be given together, with as many numbers each")
        return self

    @model_validator(mode="after")
    def _what_its_protocol_needs(self) -> Self:
        if missing := [name for name in NEEDS[self.protocol] if not getattr(self, name)]:
            raise ValueError(f"a candidate with protocol = {self.protocol!r} needs {' and '.join(missing)}")
        return self

    @property
    def scaling(self) -> Scaling:
        """What pixels in [0, 1] become before they are sent."""
        return self.pixels if self.mean is None or self.std is None else (self.mean, self.std)

    @property
    def is_remote(self) -> bool:
        """Whether to ask it sends something somewhere."""
        return self.protocol != "local"

    def beneath(self, folder: Path) -> CandidateConfig:
        """The same, its relative paths taken from `folder`."""
        paths = {name: folder / path for name in ("checkpoint", "ca_file") if (path := getattr(self, name))}
        return self.model_copy(update=paths)


def _names_and_texts(value: object) -> tuple[list[str], list[str]]:
    """Of JSON: the names in its objects, and the texts among its values."""
    names, texts, waiting = [], [], [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                texts.append(text)
            case list() as items:
                waiting += items
            case dict() as entries:
                names += entries
                waiting += entries.values()
    return names, texts


def _port_is_possible(address: SplitResult) -> bool:
    try:
        return address.port != 0
    except ValueError:  # whose own words quote what stands there: a password, perhaps
        return False
