from pathlib import Path

import pytest

from tests.support.checkpoints import write, zoo_module


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A checkpoint that says everything about itself."""
    return write(tmp_path / "good.safetensors", zoo_module().state_dict())
