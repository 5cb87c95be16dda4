"""A link to a server that can be cut, mended and stalled: a TCP proxy on loopback with a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

from tests.services.server import LOOPBACK

CHUNK: Final = 65_536


class Link:
    """Hands bytes on to ``target`` (a port of loopback); its own ``port`` stays the same over cuts."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link", daemon=True)
        self._server: asyncio.Server | None = None
        self._pairs: set[asyncio.Task[None]] = set()
        self._flows: asyncio.Event = asyncio.Event()

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self._do(self._listen())

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        self._do(self._close())

    def mend(self) -> None:
        """Take connections again."""
        self._do(self._listen())

    def stall(self) -> None:
        """Keep connections and hand nothing on, as a network does that loses every packet."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def flow(self) -> None:
        """Hand on what was held back."""
        self._loop.call_soon_threadsafe(self._flows.set)

    def stop(self) -> None:
        """Cut it for good."""
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._flows.set()
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for task in tuple(self._pairs):
            task.cancel()
        await asyncio.gather(*self._pairs, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._server is None:  # taken in the moment of the cut
            writer.transport.abort()
            return
        self._pairs.add(task)
        try:
            there, onward = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            writer.close()
        else:
            try:
                await asyncio.gather(self._hand_on(reader, onward), self._hand_on(there, writer))
            except asyncio.CancelledError:
                pass  # cut
            finally:
                writer.transport.abort()
                onward.transport.abort()
        finally:
            self._pairs.discard(task)

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        with suppress(OSError):
            if writer.can_write_eof():
                writer.write_eof()
