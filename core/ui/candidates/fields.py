"""The fields of a candidate's form, by what they are about; each gives what was entered, by the field's name."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.candidates import CandidateConfig, Protocol, RequestForm
from core.teachers.addresses import is_shared
from core.teachers.presets import PRESETS
from core.ui.candidates.words import IMAGES, LAYOUTS, OUTPUTS, PIXELS
from core.words import PROTOCOLS

Values = dict[str, object]
NUMBERS: tuple[Protocol, ...] = ("open_inference", "triton", "tf_serving")  # protocols that send pixels as numbers
ADDRESSES: dict[Protocol, str] = {"hugging_face": "https://router.huggingface.co/hf-inference"}
CHOOSERS: tuple[Protocol, ...] = ("hugging_face", "triton")  # where the number of classes can be chosen
REQUIRED = {
    "name": "a name", "url": "an address", "model": "the model's name on its server", "checkpoint": "a checkpoint",
    "request": "a way to be asked",
}  # fmt: skip
DEFAULTS = {name: field.get_default(call_default_factory=True) for name, field in CandidateConfig.model_fields.items()}


def who(given: Mapping[str, object], key: str) -> Values:
    """Name and protocol."""
    left, right = st.columns(2)
    name = left.text_input(
        "Name", given.get("name", ""), key=f"{key}_name", help="What to call it on pages and in reports."
    )
    protocols = [one for one in PROTOCOLS if one != "local" or not is_shared() or given.get("protocol") == one]
    protocol = right.selectbox(
        "How it is asked",
        protocols,
        index=protocols.index(given.get("protocol", "open_inference")),
        format_func=lambda one: PROTOCOLS[one].label,
        key=f"{key}_protocol",
        help="  \n".join(f"**{choice.label}**: {choice.help}" for choice in PROTOCOLS.values()),
    )
    return {"name": name, "protocol": protocol}


def address(given: Mapping[str, object], protocol: Protocol, key: str) -> Values:
    """Where it is, and under which name."""
    if protocol == "local":
        return {
            "checkpoint": _text(given, "checkpoint", "Checkpoint", key, "Path of a file on this machine: .safetensors "
                                "or a PyTorch state dict.", placeholder="/models/teacher.safetensors"),
            "model": _text(given, "model", "Architecture", key, "Only where the file does not say it, like "
                           "torchvision:resnet18.", placeholder="as the file says"),
        }  # fmt: skip
    url = _text(given, "url", "Address", key, "Of the server, without the path that this way of asking adds by "
                "itself.", placeholder=ADDRESSES.get(protocol, "https://models.example.org"))  # fmt: skip
    if protocol == "generic":
        return {"url": url}
    left, right = st.columns(2)
    with left:
        optional = " Empty for an endpoint of one's own." if protocol == "hugging_face" else ""
        model = _text(
            given, "model", "Model", key, f"Its name on that server.{optional}",
            placeholder="google/vit-base-patch16-224" if optional else "as the server calls it",
        )  # fmt: skip
    if protocol == "hugging_face":
        return {"url": url, "model": model}
    with right:
        version = _text(
            given, "version", "Version", key, "Of the model; empty for the server's own choice.",
            placeholder="the server's own choice",
        )  # fmt: skip
    return {"url": url, "model": model, "version": version}


def secrets(given: Mapping[str, object], key: str) -> Values:
    """How a key is sent, and by whose word the server is trusted."""
    left, middle, right = st.columns(3)
    with left:
        variable = _text(
            given, "key_env", "Key variable", key, "The environment variable that holds the API key, if it wants one. "
            "Without, a key can be typed in below the list.", placeholder="none",
        )  # fmt: skip
    with middle:
        header = _text(
            given, "key_header", "Key header", key, "Authorization sends it as a bearer token; any other header, "
            "like X-API-Key, by itself.",
        )  # fmt: skip
    with right:
        authorities = _text(
            given, "ca_file", "Certificate authorities", key, "Path of a PEM file, where the server's certificate is "
            "signed by an authority of your own.", placeholder="the usual ones",
        )  # fmt: skip
    return {"key_env": variable, "key_header": header, "ca_file": authorities}


def request(given: Mapping[str, object], key: str) -> tuple[Values, bool]:
    """How a service without a protocol of its own is asked; and whether it is sent numbers."""
    preset = st.selectbox(
        "Start from",
        list(PRESETS),
        index=None,
        format_func=lambda name: PRESETS[name].label,
        key=f"{key}_preset",
        placeholder="a usual form",
        help="  \n".join(f"**{preset.label}**: {preset.help}" for preset in PRESETS.values()),
    )
    form = PRESETS[preset].request.model_dump() if preset else {**RequestForm().model_dump(), **_request_of(given)}
    key = f"{key}_{preset}"
    left, right = st.columns(2)
    path = left.text_input("Path", form["path"], key=f"{key}_path", help="Below the address, like predict.")
    forms = list(IMAGES)
    images = right.selectbox(
        "Images are sent as", forms, forms.index(form["images"]), format_func=IMAGES.__getitem__, key=f"{key}_images"
    )
    fields: Values = {"path": path, "images": images}
    if images in ("numbers", "base64"):
        fields["body"] = st.text_area(
            "Body",
            form["body"],
            key=f"{key}_body",
            height=80,
            help='JSON with "$image" where an image goes, or "$images" where a list of them does.',
        )
    if images == "upload":
        fields["field"] = st.text_input(
            "Field", form["field"], key=f"{key}_field", help="The form's name for the file."
        )
    left, right = st.columns(2)
    fields["answer"] = left.text_input(
        "Answer",
        form["answer"],
        key=f"{key}_answer",
        placeholder="all of the reply",
        help="Where the reply holds it: names and places joined by dots, like results.0.scores.",
    )
    headers = right.text_area(
        "More headers",
        "\n".join(f"{name}: {value}" for name, value in form["headers"].items()),
        key=f"{key}_headers",
        height=80,
        help="One a line, like X-Model: resnet. Keys do not belong here.",
    )
    fields["headers"] = _pairs(headers, ":")
    values: Values = {"request": fields}
    if preset and PRESETS[preset].key_header != DEFAULTS["key_header"]:
        values["key_header"] = PRESETS[preset].key_header
    return values, images == "numbers"


def pixels(given: Mapping[str, object], key: str) -> Values:
    """What numbers the served model expects."""
    left, right = st.columns(2)
    ranges, layouts = list(PIXELS), list(LAYOUTS)
    values: Values = {
        "pixels": left.selectbox(
            "Pixels",
            ranges,
            ranges.index(given.get("pixels", "unit")),
            format_func=PIXELS.__getitem__,
            key=f"{key}_pixels",
            help="What the served model expects; 0 to 1 mostly, if it prepares images itself. A wrong range makes "
            "the right teacher look like a stranger.",
        ),
        "layout": right.selectbox(
            "Order of axes",
            layouts,
            layouts.index(given.get("layout", "channels_first")),
            format_func=LAYOUTS.__getitem__,
            key=f"{key}_layout",
        ),
    }
    left, right = st.columns(2)
    for column, name, label in ((left, "mean", "Mean of its own"), (right, "std", "Standard deviation of its own")):
        entered = column.text_input(
            label,
            ", ".join(f"{value:g}" for value in given.get(name) or ()),
            key=f"{key}_{name}",
            placeholder="as Pixels says",
            help="Of pixels from 0 to 1, by channel, like 0.49, 0.48, 0.45; both or neither, in place of Pixels.",
        )
        values[name] = _parts(entered) or None
    return values


def size(given: Mapping[str, object], key: str) -> Values:
    """What its images are resized to before they are sent."""
    left, right = st.columns(2)
    said = given.get("size") or (None, None)
    sides = [
        column.number_input(
            label, 8, 1024, value, key=f"{key}_{label.lower()}", placeholder="as the student's",
            help="Pixels. Only for a model that takes other images than the student's and does not resize them itself.",
        )
        for column, label, value in zip((left, right), ("Height", "Width"), said, strict=True)
    ]  # fmt: skip
    return {"size": None if sides == [None, None] else sides}


def answers(given: Mapping[str, object], protocol: Protocol, key: str) -> Values:
    """What comes back, and what its classes are called."""
    left, right = st.columns(2)
    kinds = list(OUTPUTS)
    values: Values = {
        "output": left.selectbox(
            "It answers with",
            kinds,
            kinds.index(given.get("output", "auto")),
            format_func=OUTPUTS.__getitem__,
            key=f"{key}_output",
            help="All candidates are compared by as much as the poorest of them tells.",
        )
    }
    if protocol in CHOOSERS:
        values["top_k"] = right.number_input(
            "Classes to ask for", 1, 100_000, given.get("top_k"), key=f"{key}_top_k", placeholder="all of the student's"
        )
    left, right = st.columns(2)
    names = left.text_area(
        "Its classes, in its order",
        "\n".join(given.get("classes") or ()),
        key=f"{key}_classes",
        height=120,
        placeholder="as the student's",
        help="One a line; only where they are others than the student's, or in another order.",
    )
    synonyms = right.text_area(
        "What it calls the student's classes",
        "\n".join(f"{theirs} = {ours}" for theirs, ours in (given.get("synonyms") or {}).items()),
        key=f"{key}_synonyms",
        height=120,
        placeholder="sneaker = Running shoe",
        help="One a line, its name first. Case, punctuation and lists of synonyms are matched without it.",
    )
    values["classes"] = [line.strip() for line in names.splitlines() if line.strip()] or None
    values["synonyms"] = _pairs(synonyms, " = ", "=")
    return values


def limits(given: Mapping[str, object], key: str) -> Values:
    """How fast it may be asked, and for how much."""
    fields = {
        "max_batch": ("Images a request", 1, 4096, 1, "At most."),
        "max_concurrency": ("Requests at a time", 1, 64, 1, "At most; more are faster, if the server keeps up."),
        "requests_per_minute": ("Requests a minute", 0.01, 100_000.0, 1.0, "At most; empty for as many as it takes."),
        "timeout": ("Seconds to wait", 0.1, 600.0, 1.0, "Without a byte of an answer."),
        "budget": ("Budget, images", 1, 10**9, 1, "That an audit may send it, repeated ones included; empty for all "
                   "that it needs."),
        "price": ("Price of an image", 0.0, 1e6, 0.001, "In any currency, to show what an audit will cost."),
    }  # fmt: skip
    columns, values = st.columns(3), {}
    for place, (name, (label, least, most, step, help)) in enumerate(fields.items()):
        value = given.get(name, DEFAULTS[name])
        values[name] = columns[place % 3].number_input(
            label,
            least if value is None else min(least, value),  # a file may hold less than one would enter
            most,
            value,
            step,
            key=f"{key}_{name}",
            help=help,
            format=None if isinstance(step, int) else "%g",
            placeholder=f"{DEFAULTS[name]:g}" if DEFAULTS[name] else "none" if name == "price" else "no limit",
        )
    return values


def _text(
    given: Mapping[str, object], name: str, label: str, key: str, help: str, *, placeholder: str | None = None
) -> str:
    value = given.get(name) or DEFAULTS[name] or ""
    return st.text_input(label, str(value), key=f"{key}_{name}", help=help, placeholder=placeholder)


def _request_of(given: Mapping[str, object]) -> Mapping[str, object]:
    found = given.get("request")
    return found if isinstance(found, Mapping) else {}


def _parts(text: str) -> list[str]:
    """What commas or blanks part."""
    return text.replace(",", " ").split()


def _pairs(text: str, *signs: str) -> dict[str, str]:
    """Lines `name <sign> value`, by the first of the signs that a line has; one without is a name without a value."""
    lines = [line for line in text.splitlines() if line.strip()]
    pairs = (line.partition(next((sign for sign in signs if sign in line), signs[0])) for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}
