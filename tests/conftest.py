"""For every test: examples may take as long as a busy machine needs, and no test hears what another one made of the logs."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """What a command sets for its own process ends with the test."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
