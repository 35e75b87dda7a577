"""A zoo served for as long as somebody holds it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from core.errors import Cancelled, TeacherError
from core.teachers.base import Terms
from core.teachers.registry import open_teacher
from core.zoo.cards import read_cards
from core.zoo.datasets.fashion_mnist import CLASS_NAMES
from core.zoo.hosting import HostedZoo

ROOT = Path(__file__).parents[2]


def somebody_listens(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port)) == 0


def test_its_candidates_answer_and_are_the_same_on_another_port(candidates: Path) -> None:
    with HostedZoo(candidates) as zoo, HostedZoo(candidates) as again:
        hosted, other = zoo.ready(), again.ready()
        assert [candidate.name for candidate in hosted.candidates] == ["ash", "elm", "oak"]
        assert hosted.identities == other.identities
        assert hosted.identities == {card.id: f"zoo|{card.sha256}" for card in read_cards(candidates)}
        assert hosted.candidates[0].url != other.candidates[0].url
        for candidate in hosted.candidates:
            teacher = open_teacher(candidate, terms=Terms(identity=hosted.identities[candidate.name]))
            found = teacher.connect((1, 28, 28), CLASS_NAMES)
            assert (found.output, found.identity) == ("probs", hosted.identities[candidate.name])
    assert not somebody_listens(hosted.candidates[0].url)


def test_ready_may_be_asked_again(candidates: Path) -> None:
    with HostedZoo(candidates) as zoo:
        assert zoo.ready() == zoo.ready()


def test_leaving_at_once_stops_it_too(candidates: Path) -> None:
    children = psutil.Process().children()
    with HostedZoo(candidates):
        (server,) = [child for child in psutil.Process().children() if child not in children]
    assert not server.is_running()


def test_a_cancel_ends_the_wait(candidates: Path) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with HostedZoo(candidates) as zoo, pytest.raises(Cancelled):
        zoo.ready(cancelled)


@pytest.mark.parametrize(("file", "message"), [(None, "no model to serve"), ("yew", "yew.safetensors is no model")])
def test_a_zoo_that_does_not_start(tmp_path: Path, file: str | None, message: str) -> None:
    if file:
        (tmp_path / f"{file}.safetensors").write_bytes(b"no model")
    with HostedZoo(tmp_path) as zoo, pytest.raises(TeacherError, match=rf"does not start .*{message}"):
        zoo.ready()


HOLDER = """
import sys, time
from pathlib import Path
from core.zoo.hosting import HostedZoo
with HostedZoo(Path(sys.argv[1])) as zoo:
    print(zoo.ready().candidates[0].url, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_it_does_not_outlive_a_killed_holder(candidates: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(candidates)], cwd=ROOT, stdout=subprocess.PIPE)
    url = holder.stdout.readline().decode().strip()
    assert somebody_listens(url)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    end = time.monotonic() + 60
    while somebody_listens(url) and time.monotonic() < end:
        time.sleep(0.1)
    assert not somebody_listens(url)
