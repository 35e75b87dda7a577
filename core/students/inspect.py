"""`python -m core.students.inspect`: load a checkpoint as an audit would, and print one line of JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from core.config import StudentConfig, validated
from core.dynamo import postpone_compiler
from core.errors import AuditError, InputError
from core.students.inspection import CheckpointSummary


def main(arguments: list[str] | None = None) -> int:
    """Print what was found; the exit code is 0 whenever the line is an answer, be it an error's."""
    parser = argparse.ArgumentParser(prog="python -m core.students.inspect", description=__doc__)
    parser.add_argument("path", nargs="?", help="a checkpoint")
    parser.add_argument("--config-json", default="{}", help="the student's settings; '-' reads standard input")
    parser.add_argument("--tensors", action="store_true", help="print only metadata, names and shapes")
    parser.add_argument("--list-architectures", action="store_true", help="print their names as a JSON list instead")
    options = parser.parse_args(arguments)
    postpone_compiler()  # before anything below brings torchvision
    if options.list_architectures:
        from core.students.architectures import list_architectures

        print(json.dumps(list_architectures()))
        return 0
    if options.path is None:
        parser.error("give the path of a checkpoint")
    try:
        path = Path(options.path)
        found = _contents(path) if options.tensors else {"summary": _summary(path, options.config_json)}
        outcome, code = {"ok": True, **found}, 0
    except AuditError as error:
        outcome, code = _refusal(error), 0
    except Exception as error:  # the last line of defence: whoever reads this wants JSON, not a traceback
        remedy = "try another checkpoint, and report this one"
        unexpected = InputError("the checkpoint could not be inspected", actual=type(error).__name__, remedy=remedy)
        outcome, code = _refusal(unexpected), 1
    print(json.dumps(outcome))
    return code


def _contents(path: Path) -> dict[str, object]:
    from core.students.formats import read_checkpoint

    checkpoint = read_checkpoint(path)
    shapes = {name: list(tensor.shape) for name, tensor in checkpoint.tensors.items()}
    return {"tensors": shapes, "metadata": checkpoint.metadata}


def _summary(path: Path, settings: str) -> dict[str, object]:
    text = sys.stdin.read() if settings == "-" else settings
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("the student's settings are no JSON", remedy="give a JSON object of settings") from error
    if not isinstance(fields, dict):
        raise InputError("the student's settings are no JSON object", remedy="give a JSON object of settings")
    from core.students.load import load_student

    student = load_student(validated(StudentConfig, fields | {"checkpoint": path}), "cpu")
    return CheckpointSummary(**student.summary().model_dump(), input=student.input).model_dump(mode="json")


def _refusal(error: AuditError) -> dict[str, object]:
    facts = {"what": error.what, "rule": error.rule, "actual": error.actual, "remedy": error.remedy}
    return {"ok": False, "error": facts}


if __name__ == "__main__":
    raise SystemExit(main())
