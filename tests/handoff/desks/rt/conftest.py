"""One Request Tracker for all tests of this folder; each makes tickets with keys of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.handoff.desks.rt.server import RtServer, why_not


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server() -> AsyncIterator[RtServer]:
    reason = why_not()
    if reason is not None and os.environ.get("CI"):
        pytest.fail(reason)
    if reason is not None:
        pytest.skip(reason)
    made = RtServer()
    await made.start()
    yield made
    await made.stop()
