"""Torch's compiler stays out of processes that compile nothing, and is there for those that do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PREPARED = """
import sys
from core.dynamo import postpone_compiler
postpone_compiler()
import torch, torchvision
loaded = lambda: "torch._dynamo.eval_frame" in sys.modules
assert not loaded(), "torchvision brought it"
"""
DESCENT = """
p = torch.ones(1, requires_grad=True)
optimiser = torch.optim.Adam([p], lr=0.25)
p.sum().backward()
optimiser.step()
optimiser.zero_grad()
assert abs(p.item() - 0.75) < 1e-6  # Adam's first step is the learning rate
"""
NEEDED = {
    "compiling": "assert torch.compile(lambda x: x + 1, backend='eager')(torch.ones(1)).item() == 2",
    "its settings": "import torch._dynamo.config as c\nassert c.cache_size_limit > 0\ntorch._dynamo.reset()",
    "its name": "import torch._dynamo\nassert torch._dynamo.explain",
    "torchvision's question": "from torchvision.ops.roi_align import is_compile_supported\n"
    "assert is_compile_supported('cpu')",
}


def run(*code: str) -> None:
    result = subprocess.run([sys.executable, "-c", "\n".join(code)], cwd=PROJECT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_training_needs_no_compiler() -> None:
    run(PREPARED, DESCENT, "assert not loaded()")


@pytest.mark.parametrize("code", NEEDED.values(), ids=NEEDED)
def test_whoever_needs_the_compiler_gets_it(code: str) -> None:
    run(PREPARED, code, "assert loaded()", DESCENT)


def test_a_compiler_that_is_loaded_stays() -> None:
    run(
        "import torch._dynamo as before",
        PREPARED.replace("assert", "#"),
        "assert sys.modules['torch._dynamo'] is before",
    )


@pytest.mark.parametrize("module", ["core", "core.runs.worker", "core.students.inspect"])
def test_processes_of_their_own_postpone_it(module: str) -> None:
    end = "unittest.mock.patch('core.dynamo.postpone_compiler', side_effect=SystemExit(7))"
    start = f"import runpy, sys, unittest.mock\nsys.argv = ['', '--list-architectures']\nwith {end}:"
    code = f"{start}\n    runpy.run_module('{module}', run_name='__main__')"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True).returncode == 7
