"""The test world in a thread of its own, for clients that block."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from tests.web.world import World, serving


class Server:
    """A server in a thread of its own, with a session and its conversation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.url = ""
        self.token = ""
        self.conv = ""

    def __enter__(self) -> Server:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(30)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        async with serving(self._folder) as world:
            world.set_limits(is_evaluation=True, answer_s=5.0)
            await self._begin(world)
            self._ready.set()
            await self._end.wait()

    async def _begin(self, world: World) -> None:
        events = await world.chat("how long?")
        self.url = world.url
        self.token, self.conv = events[0].data["session_token"], events[0].data["conv_id"]
