"""The worker process of one run: `python -m core.runs.worker RUN_DIR`."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from core.dynamo import postpone_compiler
from core.errors import AuditError
from core.runs.execute import execute
from core.runs.folder import RunFolder


def main() -> int:
    """Exit code 0 when the run is done, 3 when it failed or was cancelled; why stands in its state."""
    postpone_compiler()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        execute(RunFolder(Path(sys.argv[1])))
    except AuditError as error:
        logging.getLogger(__name__).info("stopped: %s", error)
        return 3
    return 0


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    os._exit(code)  # at once, even where a cancelled run leaves a thread in a server's slow answer
