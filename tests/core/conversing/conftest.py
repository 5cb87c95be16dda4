from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.world import IndexKnowledge, articles, index_of


@pytest.fixture
def knowledge(tmp_path: Path) -> Iterator[IndexKnowledge]:
    index = index_of(tmp_path / "index", articles())
    yield IndexKnowledge(index)
    index.close()
