"""From an address to candidates: which protocol its server speaks, and which models it has. Free of torch.

No image is sent, so that it costs nothing, and every question is asked once, so that it is soon over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote

from core.discovery.addresses import Address, read_address
from core.discovery.files import hugging_face, hugging_face_container, torchserve
from core.discovery.forms import described
from core.discovery.models import open_inference, tf_serving
from core.discovery.probe import NAME, Finding, Probe, Sighting
from core.errors import AuditError, TeacherError
from core.teachers.transport import Heard
from core.words import PROTOCOLS

__all__ = ["Finding", "discover"]

FIRST = ("v2", "v1/models", "v1/config", "ping", "openapi.json", "docs.json", "health", "")  # asked side by side


def discover(
    url: str, *, key: str | None = None, key_env: str | None = None, model: str | None = None
) -> tuple[Finding, ...]:
    """What can be asked at `url`, best first; never empty.

    Args:
        url: of a server, a model or an operation, with or without its scheme.
        key: sent to this host alone; None for what `key_env` holds, if that is given.
        key_env: the variable that the candidates are to name for their key.
        model: the one that is meant, for servers that do not list theirs.

    Raises:
        InputError: something is missing or is no address: a model's name, say.
        TeacherError: nobody answers, the key is refused, or what answers is no model server.
    """
    address = read_address(url)
    model = (model or "").strip() or address.model
    lacks: list[AuditError] = []
    faults: list[AuditError] = []
    for place in (address.url, address.root):
        if place is None:
            continue
        probe = Probe(place, key=key, key_env=key_env)
        if address.hugging_face:
            sightings = [hugging_face(probe, model)]
        else:
            operation = address.url.removeprefix(place) if place == address.root else None
            sightings = _look(probe, address, model, operation)
        if findings := _unlike(finding for sighting in sightings for finding in sighting.findings):
            return findings
        lacks += [sighting.lack for sighting in sightings if sighting.lack]
        faults.append(_why_nothing(probe, address))
        if not _anybody(probe):
            break
    raise [*lacks, *faults][0]


def _look(probe: Probe, address: Address, model: str | None, operation: str | None) -> list[Sighting]:
    """What each protocol's own questions brought, in the order in which protocols are to be preferred."""
    named = [f"v2/models/{quote(model, safe='')}", f"v1/models/{quote(model, safe='')}/metadata"] if model else []
    probe.get_all([*FIRST, *named])
    if not _anybody(probe):
        return []
    looks: Sequence[Callable[[], Sighting]] = (
        lambda: open_inference(probe, model, address.version),
        lambda: tf_serving(probe, model, address.version),
        lambda: torchserve(probe, model, address.version),
        lambda: described(probe, operation),
        lambda: hugging_face_container(probe),
    )
    with ThreadPoolExecutor(len(looks)) as threads:
        return list(threads.map(lambda look: look(), looks))


def _anybody(probe: Probe) -> bool:
    return any(heard.status for heard in probe.heard.values())


def _why_nothing(probe: Probe, address: Address) -> TeacherError:
    """Of all that was heard, what helps most."""
    heard = [one for _, one in sorted(probe.heard.items()) if one.fault]

    def first(wanted: Callable[[Heard], bool]) -> TeacherError | None:
        return next((one.fault for one in heard if wanted(one)), None)

    if refused := first(lambda one: one.status in (401, 403)):
        return refused
    if not _anybody(probe) and (silence := first(lambda one: True)):
        written = f"{silence.remedy}, or write http:// in front of it if it has no https" if address.guessed else ""
        return TeacherError(silence.what, rule=silence.rule, actual=silence.actual, remedy=written or silence.remedy)
    if all(300 <= one.status < 400 for one in heard) and (moved := first(lambda one: True)):
        return moved
    spoken = ", ".join(choice.label for protocol, choice in PROTOCOLS.items() if protocol not in ("generic", "local"))
    return TeacherError(
        f"{probe.host}: what answers there is no model server that is known here",
        rule=f"{spoken}, or a service that describes itself by OpenAPI",
        actual=next((one.fault.actual for one in heard if one.fault.actual), ""),
        remedy="check the address and its port, or fill in the candidate by hand",
    )


def _unlike(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """With a name for each that no other has, as an audit wants it."""
    taken: set[str] = set()
    named: list[Finding] = []
    for finding in findings:
        candidate, number = finding.candidate, 1
        name = candidate.name
        while name in taken:
            label = PROTOCOLS[candidate.protocol].label + (f" {number}" if number > 1 else "")
            name, number = f"{candidate.name[: NAME - len(label) - 3]} ({label})", number + 1
        taken.add(name)
        named.append(replace(finding, candidate=candidate.model_copy(update={"name": name})))
    return tuple(named)
