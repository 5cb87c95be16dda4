"""Stand-ins on loopback sockets, in a thread of their own: a source blocks the thread that asks it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiohttp import web

T = TypeVar("T")


class Serving:
    """A loop in a thread, with applications on free ports; ``run`` does something in that thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stand-ins", daemon=True)
        self._thread.start()
        self._runners: dict[str, web.AppRunner] = {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of something that runs on the loop of the stand-ins."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def serve(self, app: web.Application) -> str:
        """Serve on a free port; the address, without a slash at its end."""
        return self.run(self._serve(app))

    def stop(self, address: str) -> None:
        """Serve it no more: nobody takes connections there."""
        self.run(self._runners.pop(address).cleanup())

    def close(self) -> None:
        """Stop everything."""
        for address in list(self._runners):
            self.stop(address)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _serve(self, app: web.Application) -> str:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._runners[address] = runner
        return address
