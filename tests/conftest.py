"""For every test: examples may take as long as a busy machine needs, and no test hears what another one made of the logs.

``make check`` tries the same examples each time, ``make test`` always new ones.
"""

import gc
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

pytest.register_assert_rewrite(
    "tests.contracts.desks",
    "tests.contracts.desk_storm",
    "tests.contracts.source_contract",
    "tests.contracts.remote_contract",
    "tests.contracts.remote_weather",
)
"""No test modules, but what they assert is explained like in one."""

pytest_plugins = ("tests.services.fixtures",)

settings.register_profile("house", deadline=None, derandomize="FRONTDESK_SAME_EXAMPLES" in os.environ)
settings.load_profile("house")


def pytest_collection_finish() -> None:
    """Half a million objects of what was collected live to the end: the collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes that are no words are named after their argument: packed ones may hold the time, and all workers must agree."""
    return argname if isinstance(val, bytes) and not val.isascii() else None


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """What a command sets for its own process ends with the test."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
