"""Servers that take image files: TorchServe and Hugging Face.

https://docs.pytorch.org/serve/inference_api.html and management_api.html; huggingface-inference-toolkit's web service.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from core.discovery.probe import Finding, Probe, Sighting, has, name_it, no_such_model
from core.errors import InputError

MANAGEMENT_PORT = 8081  # of TorchServe, which lists its models nowhere else
MOST_MODELS = 20  # of one server that are looked at
_HEALTH = ("Healthy", "Partial Healthy", "Unhealthy", "healthy!")  # TorchServe's words, the last in old versions
_PREPARES = "The server prepares images itself."


def torchserve(probe: Probe, model: str | None, version: str | None) -> Sighting:
    """`GET ping` tells it; its models stand behind another port of the host, where the key is not sent."""
    ping = probe.get("ping").value
    status = (ping.get("status") or ping.get("health")) if isinstance(ping, Mapping) else None
    if status not in _HEALTH:
        return Sighting()
    names = _managed(probe)
    if model and names and model not in names:
        return Sighting(lack=no_such_model(probe, model, names))
    if not model and not names:
        return Sighting(lack=name_it(probe, "TorchServe"))
    unsure = "" if names else "Whether it has this model was not asked. "
    note = (
        f"TorchServe takes image files. {_PREPARES} {unsure}Its own image classifier answers the five strongest "
        "classes by label, after it resized and cropped. Still to be filled in: synonyms, where its labels are not "
        "the student's."
    )
    candidates = [
        probe.candidate("torchserve", name, model=name, version=version) for name in ([model] if model else names)
    ]
    return Sighting(tuple(Finding(candidate, None, note) for candidate in candidates))


def hugging_face(probe: Probe, model: str | None) -> Sighting:
    """By the host's name alone: a question could wake an endpoint that sleeps, which costs."""
    routed = urlsplit(probe.asked.url).path.endswith("/hf-inference")
    if routed and not model:
        return Sighting(
            lack=InputError(
                f"{probe.host}: Hugging Face's router serves very many models",
                rule="a model's name, like google/vit-base-patch16-224",
                remedy="name the model, or give its page's address",
            )
        )
    key = "" if probe.asked.key_env else " Still to be filled in: the environment variable that holds the token."
    note = (
        f"Hugging Face, by the host's name; nothing was asked. {_PREPARES} An image classifier is assumed, which "
        f"answers scores by label.{key}"
    )
    name = model if routed and model else probe.host.partition(".")[0]
    return Sighting((Finding(probe.candidate("hugging_face", name, model=model if routed else None), None, note),))


def hugging_face_container(probe: Probe) -> Sighting:
    """Their inference toolkit anywhere else: `Ok`, as text, at `/` and at `/health`, and nothing more to tell it by."""
    if any((heard.status, heard.said) != (200, "Ok") for heard in map(probe.get, ("", "health"))):
        return Sighting()
    note = (
        "Its health check answers like Hugging Face's inference toolkit, and nothing else tells what it is. "
        f"{_PREPARES} An image classifier is assumed, which answers scores by label."
    )
    return Sighting((Finding(probe.candidate("hugging_face", probe.host), None, note),))


def _managed(probe: Probe) -> list[str]:
    address = urlsplit(probe.asked.url)
    host = f"[{address.hostname}]" if ":" in (address.hostname or "") else address.hostname
    said = Probe(f"{address.scheme}://{host}:{MANAGEMENT_PORT}").get(f"models?limit={MOST_MODELS}").value
    entries = said["models"] if has(said, "models", list) else []
    return [entry["modelName"] for entry in entries if has(entry, "modelName", str)]
