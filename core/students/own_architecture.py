"""Architectures of one's own: `file:PATH.py:FACTORY`, where FACTORY(num_classes) or FACTORY() gives a module.

Looking into such a file reads it; only `build_own` runs it, and brings torch.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from core.config import OWN
from core.errors import InputError
from core.students.files import printable
from core.students.parts import stays_inside
from core.students.trust import require_trust
from core.workspace import workspace

if TYPE_CHECKING:
    from torch import nn

CLASSES = "num_classes"  # the argument of a factory that may have several
LARGEST = 2**20  # bytes of a file with architectures
RULE = f"{OWN}PATH.py:FACTORY"


def architectures_folder() -> Path:
    """The one folder whose files the app offers."""
    return workspace() / "architectures"


def offered() -> list[str]:
    """Names of all that the app may offer, sorted: what files of that folder define. None of them is run."""
    folder = architectures_folder()
    files = [path for path in sorted(folder.glob("*.py")) if path.is_file() and stays_inside(path, folder)]
    return [f"{OWN}{path}:{factory}" for path in files for factory in _factories(path)]


def is_own(architecture: str | None) -> bool:
    return architecture is not None and architecture.startswith(OWN)


def short_own(architecture: str) -> str:
    """The same without the folder, which is nobody's business in a report."""
    path, factory = _split(architecture)
    return f"{OWN}{printable(path.name)}:{factory}"


def require_own(architecture: str, *, trusted: bool) -> None:
    """Raise `InputError` unless there is such a file with such a factory, and its code may run."""
    path, factory = _split(architecture)
    if not path.is_file():
        raise InputError(f"there is no file {printable(str(path))} with an architecture", remedy="check its path")
    require_trust(
        f"{printable(path.name)} is Python code that describes an architecture",
        trusted=trusted,
        instead="choose one of the known architectures",
    )
    if factory not in (known := _factories(path)):
        raise InputError(
            f"{printable(path.name)} defines no {factory[:60]!r} that makes an architecture",
            rule=f"{factory[:60]}({CLASSES}) or {factory[:60]}()",
            actual=", ".join(known[:5]) or "no function or class of that kind",
            remedy=f"name one that it defines, as in {RULE}",
        )


def build_own(architecture: str, *, num_classes: int) -> nn.Module:
    """Run the file, once, and its factory; raises `InputError` where either fails or gives no module."""
    from torch import nn

    with _reported(architecture), _importable(_split(architecture)[0].parent):
        factory = _factory(architecture)
        made = factory(**dict.fromkeys(_told(factory), num_classes))
    if not isinstance(made, nn.Module):
        raise InputError(
            f"{short_own(architecture)} makes no module",
            rule="a torch.nn.Module",
            actual=type(made).__name__,
            remedy="let the factory return the module itself",
        )
    return made


def _split(architecture: str) -> tuple[Path, str]:
    path, _, factory = architecture.removeprefix(OWN).rpartition(":")
    if not path.endswith(".py") or not factory.isidentifier():
        raise InputError(
            f"{printable(architecture)[:80]!r} names no architecture in a file",
            rule=RULE,
            remedy="give the path of a Python file and the name of a function or class in it",
        )
    return Path(path), factory


def _factories(path: Path) -> list[str]:
    """Functions and classes at the top of a file that can be called with a number of classes, or with nothing."""
    try:
        if path.stat().st_size > LARGEST:
            return []
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [node.name for node in tree.body if not getattr(node, "name", "_").startswith("_") and _is_factory(node)]


def _is_factory(node: ast.stmt) -> bool:
    match node:
        case ast.FunctionDef(args=arguments):
            return _required(arguments) <= 1
        case ast.ClassDef(bases=[_, *_], body=body):
            begins = (one for one in body if isinstance(one, ast.FunctionDef) and one.name == "__init__")
            return all(_required(begin.args) <= 2 for begin in begins)  # one is itself
    return False


def _required(arguments: ast.arguments) -> int:
    """How many arguments have no default."""
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return positional + arguments.kw_defaults.count(None)


def _told(factory: Callable[..., object]) -> list[str]:
    """The argument that is the number of classes: of that name, or else the only one without a default."""
    arguments = inspect.signature(factory).parameters
    required = [
        name
        for name, one in arguments.items()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    return [CLASSES] if CLASSES in arguments else required[:1]


def _factory(architecture: str) -> Callable[..., object]:
    path, factory = _split(architecture)
    return getattr(_module(path.resolve(), path.stat().st_mtime_ns), factory)


@lru_cache(maxsize=8)
def _module(path: Path, changed: int) -> ModuleType:
    """Run the file, once until it has `changed`, in nanoseconds."""
    name = f"own_architecture_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None, "it ends in .py"
    module = module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses and pickles look it up
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Modules beside the file can be imported, after all others: none of them stands in for a library's."""
    sys.path.append(str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


@contextlib.contextmanager
def _reported(architecture: str) -> Iterator[None]:
    """Whatever the code raises, as an `InputError`."""
    try:
        yield
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{short_own(architecture)} fails",
            actual=f"{type(error).__name__}: {printable(str(error))[:200]}",
            remedy="mend it, and try it alone with Python first",
        ) from error
