"""What the tests of sources share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kb_sync.serving import Serving


@pytest.fixture(scope="session")
def serving() -> Iterator[Serving]:
    """A thread for stand-ins."""
    made = Serving()
    try:
        yield made
    finally:
        made.close()
