"""The rules that keep the parts apart: the app's process is free of torch, the core is free of Streamlit."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
CODE = [PROJECT / "app.py", *sorted(PROJECT.glob("pages/*.py")), *sorted(PROJECT.glob("core/**/*.py"))]
TESTS = [PROJECT / "launch.py", *sorted(PROJECT.glob("tests/**/*.py"))]
SEEN_BY_THE_BROWSER = [path for path in CODE if path.parts[len(PROJECT.parts)] != "core" or "ui" in path.parts]

# What pages may use, by module or whole package; everything here must come without torch
APP_SIDE = (
    "core.bench.report", "core.candidates", "core.config", "core.costs", "core.discovery", "core.errors", "core.events",
    "core.results", "core.quantities", "core.values", "core.versions", "core.words", "core.runs", "core.reports",
    "core.synthesis.settings", "core.teachers", "core.ui", "core.zoo.cards", "core.zoo.demo", "core.zoo.hosting",
    "core.students.files", "core.students.header", "core.students.inspection", "core.students.parts",
    "core.students.recognition", "core.students.uploads",
)  # fmt: skip
# Except what only a worker or the command line runs
WORKERS_ONLY = ("core.runs.execute", "core.runs.worker")

FIRST_WITH_TORCH = """
import sys
for statement in sys.argv[1:]:
    exec(statement)
    if "torch" in sys.modules:
        sys.exit(f"torch comes with: {statement}")
"""


def module_of(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import of a file, those inside functions too."""
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return (node for node in tree if isinstance(node, ast.Import | ast.ImportFrom))


def imported(path: Path) -> list[str]:
    """What a file imports, by full name; `from a import b` counts as a and as a.b."""
    names = []
    for node in imports(path):
        package = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        names += [package.rstrip("."), *(package + alias.name for alias in node.names)]
    return names


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def relative(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def test_the_app_side_is_there() -> None:
    modules = {module_of(path) for path in CODE}
    assert not [name for name in (*APP_SIDE, *WORKERS_ONLY) if name not in modules], "mend the lists above"


def test_the_app_never_imports_torch() -> None:
    modules = [m for m in map(module_of, CODE) if within(m, APP_SIDE) and not within(m, WORKERS_ONLY)]
    statements = {f"import {module}" for module in modules}
    statements |= {ast.unparse(node) for path in SEEN_BY_THE_BROWSER for node in imports(path)}
    command = [sys.executable, "-c", FIRST_WITH_TORCH, *sorted(statements)]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("path", SEEN_BY_THE_BROWSER, ids=relative)
def test_pages_name_no_torch(path: Path) -> None:
    assert not [name for name in imported(path) if within(name, ("torch", "torchvision"))]


@pytest.mark.parametrize("path", [p for p in CODE if p not in SEEN_BY_THE_BROWSER], ids=relative)
def test_the_core_names_no_streamlit(path: Path) -> None:
    assert not [name for name in imported(path) if within(name, ("streamlit", "core.ui", "pages"))]


@pytest.mark.parametrize("path", CODE, ids=relative)
def test_no_html_of_our_own_making_reaches_a_page(path: Path) -> None:
    assert not re.findall(r"unsafe_allow_html|\bst\.html\b|components\.v1", path.read_text(encoding="utf-8"))


def test_files_are_short() -> None:
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in CODE + TESTS}
    assert not {path: lines for path, lines in lengths.items() if lines > 300}
    assert not {path: n for path, n in lengths.items() if path.startswith(("pages/", "app.py")) and n > 120}
