"""Reads checkpoints in processes of their own, and says what that took.

`python -m tests.support.reading` imports what an audit imports, once. For each line of JSON, the fields of a
`StudentConfig`, it then forks a child that loads the student and prints one line of JSON. A child's peak of memory is
its own: that of a process that was started anew would count what its parent had before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.config import StudentConfig
from core.processes import ROOT


@dataclass(frozen=True)
class Reading:
    """How loading a student went.

    Attributes:
        refusal: the error's words; empty where it was loaded.
        grown: bytes of memory at the peak, more than before.
        read: bytes that were read from files; what is mapped into memory does not count.
    """

    refusal: str
    grown: int
    read: int


class Reader:
    """The process that forks; see above."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, config: StudentConfig) -> Reading:
        assert self._process.stdin and self._process.stdout
        print(config.model_dump_json(), file=self._process.stdin, flush=True)
        return Reading(**json.loads(self._process.stdout.readline()))


@contextmanager
def reader() -> Iterator[Reader]:
    """In an environment that asks PyTorch to run what is in pickles. A child has none of its parent's threads, and
    would wait for them for ever, so that there is one."""
    command, pipe = [sys.executable, "-m", "tests.support.reading"], subprocess.PIPE
    env = {**os.environ, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT, env=env, encoding="utf-8") as process:
        yield Reader(process)
        assert process.stdin
        process.stdin.close()


def main() -> None:
    from core.students.load import load_student

    load_student(StudentConfig(checkpoint=ROOT / "assets/demo/students/amber.safetensors"), "cpu")  # all that is lazy
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            print(json.dumps(_read(StudentConfig.model_validate_json(line))), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"refusal": f"died with status {status}", "grown": 0, "read": 0}), flush=True)


def _read(config: StudentConfig) -> dict[str, object]:
    import resource

    from core.errors import InputError
    from core.students.load import load_student

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def read() -> int:
        return int(Path("/proc/self/io").read_text().split()[1])  # rchar

    before, read_before, refusal = peak(), read(), ""
    try:
        load_student(config, "cpu")
    except InputError as error:
        refusal = str(error)
    return {"refusal": refusal, "grown": peak() - before, "read": read() - read_before}


if __name__ == "__main__":
    main()
