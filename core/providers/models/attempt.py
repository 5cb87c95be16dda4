"""One attempt: one chat call to one choice, from the request to the last piece.  Knows nothing of other choices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.models_settings import Choice
from core.ports.model import Finish, ModelRequest, Usage
from core.providers.models import pricing
from core.providers.models.client import Clients
from core.providers.models.errors import BILLED, AttemptFailed, Code
from core.providers.models.reading import DONE, Deadlines, Events
from core.providers.models.wire import Assembly, chat_body

if TYPE_CHECKING:
    import aiohttp


@dataclass(slots=True)
class Attempt:
    """A call to ``choice``; after ``pieces`` has ended, one way or another, its fields say what came of it."""

    choice: Choice
    request: ModelRequest
    clients: Clients
    first_s: float
    assembly: Assembly = field(init=False)
    spent: Usage = field(init=False, default_factory=Usage)
    first_ms: float | None = field(init=False, default=None)
    _sent: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.assembly = Assembly(self.choice, self.request)

    async def pieces(self) -> AsyncGenerator[str]:
        """Text as it comes; raises ``AttemptFailed``.  Use it inside ``contextlib.aclosing``."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadlines = Deadlines(
            first_at=started + self.first_s, idle_s=self.choice.idle_s, total_at=started + self.choice.total_s
        )
        failure: Code | None = Code.CUT  # until we know better: also what a cancelled call costs
        try:
            async with AsyncExitStack() as closing:
                response = await self._open(closing, deadlines)
                events = Events(response.content.iter_any(), deadlines, now=loop.time)
                closing.push_async_callback(events.close)
                async with aclosing(self._listen(events, deadlines, started)) as texts:
                    async for text in texts:
                        yield text
            self._judge()
            failure = None
        except AttemptFailed as error:
            failure = error.code
            raise
        finally:
            if self._sent and (failure is None or failure in BILLED):
                self.spent = pricing.used(self.choice, self.request, self.assembly)

    async def _open(self, closing: AsyncExitStack, deadlines: Deadlines) -> aiohttp.ClientResponse:
        body = chat_body(self.choice, self.request)
        at, code = deadlines.limit()
        self._sent = True
        try:
            async with asyncio.timeout_at(at):
                return await closing.enter_async_context(
                    self.clients.stream(self.choice.endpoint, "/chat/completions", body)
                )
        except TimeoutError:
            pass
        raise AttemptFailed(code)

    async def _listen(self, events: Events, deadlines: Deadlines, started: float) -> AsyncGenerator[str]:
        assembly = self.assembly
        now = asyncio.get_running_loop().time
        held = ""  # blanks before the first word: an answer of nothing else is none, and may still fall back
        while (batch := await events.next(is_over=assembly.is_over)) is not None:
            text, is_done = "", False
            for data in batch:
                if data == DONE:
                    is_done = True
                    break
                text += assembly.take(data)
                if assembly.is_alive:
                    deadlines.alive_at = now()
                    if self.first_ms is None:
                        self.first_ms = (deadlines.alive_at - started) * 1000
                if assembly.is_cut:
                    break
            held += text
            if held and assembly.has_words:
                before = now()
                yield held
                deadlines.pause(now() - before)
                held = ""
            if assembly.is_cut:
                return
            if is_done:
                await events.drain()
                return

    def _judge(self) -> None:
        """Whether what came is an answer."""
        assembly = self.assembly
        if assembly.finish is None:
            raise AttemptFailed(Code.CUT if assembly.events else Code.MALFORMED)
        if assembly.is_empty and assembly.finish is not Finish.FILTERED:
            raise AttemptFailed(Code.EMPTY)
