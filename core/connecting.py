"""Connect to all candidates at once, before any time or query is spent on the audit itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from core.account import Account
from core.candidates import CandidateConfig
from core.errors import TeacherError
from core.events import Connected, Lost, OnEvent
from core.results import Unreachable
from core.students.base import Student
from core.teachers.answers import trial_images
from core.teachers.asking import Witness
from core.teachers.base import Teacher, Terms
from core.teachers.cache import AnswerCache
from core.teachers.panel import Panel
from core.teachers.trials import Trials

AT_ONCE = 8


def connect(
    panel: Panel, student: Student, cache: AnswerCache, account: Account, on_event: OnEvent
) -> tuple[list[Witness], list[Unreachable]]:
    """Every candidate that can be asked, in the panel's order, and those that cannot.

    Each is asked two test images, unless it was within the last hour. Who is asked with a key is asked in each run:
    behind one address, another key may lead to another model.

    Raises:
        TeacherError: none can be asked; the first one's error.
    """

    def terms(candidate: CandidateConfig) -> Terms:
        asked_as = f"{candidate.name}|{account.run if candidate.key_env else ''}"
        return Terms(purse=account.purse(candidate.name), trials=Trials(cache, asked_as))

    teachers = panel.teachers(terms)
    witnesses, lost, errors = [], [], []
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="connect") as pool:
        for teacher, found in zip(
            teachers, [pool.submit(_witness, one, student, cache) for one in teachers], strict=True
        ):
            try:
                witness = found.result()
            except TeacherError as error:
                errors.append(error)
                lost.append(Unreachable(candidate=teacher.name, message=str(error)))
                on_event(Lost(candidate=teacher.name, message=str(error)))
                continue
            witnesses.append(witness)
            known = witness.capabilities
            on_event(
                Connected(
                    candidate=teacher.name,
                    output=known.output,
                    num_classes=known.num_classes,
                    latency=known.latency,
                )
            )
    if not witnesses:
        raise errors[0]
    return witnesses, lost


def _witness(teacher: Teacher, student: Student, cache: AnswerCache) -> Witness:
    """The teacher as it is known by its answers: another model behind the same address is another one."""
    capabilities = teacher.connect(student.shape, student.class_names)
    identity = cache.identity(capabilities.identity, trial_images(student.shape), capabilities.trial)
    return Witness(teacher, replace(capabilities, identity=identity))
