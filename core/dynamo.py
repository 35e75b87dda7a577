"""Leave torch's compiler, `torch._dynamo`, on the disk until somebody compiles something, which an audit never does.

torchvision asks it one question while it is imported, and an optimiser tells it to keep away from itself. Loading it
for that took two of the six seconds in which a worker, and a server of the zoo beside it, import what they need.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TypeVar

COMPILER, UTILS = "torch._dynamo", "torch._dynamo.utils"

Function = TypeVar("Function", bound=Callable[..., object])


class _Stub(ModuleType):
    """Stands for a module, and gives way to it as soon as anything is wanted that only the module has."""

    def __getattr__(self, name: str) -> object:
        if name == "__path__" and self.__name__ == COMPILER:  # where submodules are looked for
            return [f"{folder}/_dynamo" for folder in sys.modules["torch"].__path__]
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_load(self.__name__), name)


def postpone_compiler() -> None:
    """For this process, before it imports torchvision; of no effect once the compiler is loaded."""
    if COMPILER in sys.modules:
        return
    compiler, utils = _Stub(COMPILER), _Stub(UTILS)
    compiler.disable, compiler.graph_break = _disable, _graph_break
    compiler.utils = utils
    utils.is_compile_supported = _is_compile_supported
    sys.modules |= {COMPILER: compiler, UTILS: utils}


def _disable(function: Function | None = None, recursive: bool = True, **options: object) -> Function:
    """What keeps the compiler out of `function`: nothing, as long as there is no compiler."""
    return function if function is not None else _disable


def _graph_break(msg: str = "") -> None:
    """Where compiled code would be left: there is none."""


def _is_compile_supported(device_type: str) -> bool:
    return _load(UTILS).is_compile_supported(device_type)


def _load(name: str) -> ModuleType:
    for stub in (COMPILER, UTILS):
        if isinstance(sys.modules.get(stub), _Stub):
            del sys.modules[stub]
    importlib.import_module(COMPILER)
    return importlib.import_module(name)
