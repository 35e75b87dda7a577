from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.zoo import make_zoo


@pytest.fixture(scope="session")
def candidates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three models and their cards, made by the zoo's own training."""
    folder = tmp_path_factory.mktemp("zoo")
    make_zoo(folder)
    return folder / "candidates"
