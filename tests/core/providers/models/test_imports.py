"""The room is quick to import: vendor libraries load with the first call."""

from __future__ import annotations

import subprocess
import sys

from core.ports.model import Models
from tests.core.providers.models.wire_server import WireServer
from tests.core.providers.models.world import settings, world

HEAVY = ("openai", "httpx2", "httpx", "jsonschema", "referencing", "aiohttp", "pydantic")


def test_importing_it_loads_no_vendor_library() -> None:
    script = f"import sys, core.providers.models, core.spending; print([n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


async def test_it_is_the_port(server: WireServer) -> None:
    async with world(settings(server)) as w:
        models: Models = w.models
        assert models is w.models
        await w.models.start()
        await w.models.start()
