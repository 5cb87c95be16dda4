"""A vendor's helpdesk as a desk of ours: the outbox's rows become cases and entries, what agents do becomes controls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final, assert_never

from core.inbound import Ignored, Respond
from core.ports.channel import Closes, Files, Memory, RawRequest, Sent
from core.ports.desk import DeskItem
from core.ports.helpdesk import CaseAsked, CaseTouched, EntryMade, Helpdesk
from core.ports.store import TenantStore
from handoff.bridge.book import Book, parse_case_key
from handoff.bridge.carrying import Fetching
from handoff.bridge.cases import Cases
from handoff.bridge.ports import Assists, Briefs, KeepFile, Routes
from handoff.bridge.reading import Reader
from handoff.bridge.relaying import Relay
from handoff.bridge.sending import Sender
from handoff.bridge.watching import Watcher
from handoff.service import HandoffService

ANSWER_WITHIN_S: Final = 2.0
"""A webhook call waits this long for its case to be read; helpdesks give up after five seconds at the earliest."""


def _nobody(reason: str) -> None:
    """Nothing is counted."""


class BridgedDesk:
    """One tenant's bridge; implements core.ports.desk.Desk and BridgesPeople.

    ``on_ignored`` is told, by a short constant, of each thing that came from the desk and was not for us.
    """

    def __init__(
        self,
        helpdesk: Helpdesk,
        *,
        store: TenantStore,
        handoff: HandoffService,
        memory: Memory,
        files: Files,
        keep_file: KeepFile,
        channel_kind: Callable[[str], str],
        clock: Callable[[], datetime],
        routes: Routes,
        briefs: Briefs,
        assists: Assists,
        on_ignored: Callable[[str], None] = _nobody,
    ) -> None:
        self.kind = helpdesk.kind
        self.helpdesk = helpdesk
        self.on_ignored = on_ignored
        self._book = Book(memory, helpdesk.kind)
        cases = Cases(
            helpdesk,
            self._book,
            store=store,
            files=files,
            routes=routes,
            briefs=briefs,
            channel_kind=channel_kind,
            clock=clock,
        )
        relay = Relay(
            cases,
            Fetching(helpdesk, keep_file),
            store=store,
            handoff=handoff,
            assists=assists,
            clock=clock,
            on_ignored=self._ignored,
        )
        self._sender = Sender(cases, store=store, handoff=handoff, assists=assists)
        self._reader = Reader(
            cases, relay, store=store, handoff=handoff, assists=assists, clock=clock, on_ignored=self._ignored
        )
        self._watcher = Watcher(cases, self._reader, store=store, clock=clock)

    def _ignored(self, reason: str) -> None:
        self.on_ignored(reason)

    async def send(self, item: DeskItem) -> Sent:
        """Bring one item to the helpdesk, once however often it is asked; raises ``DeliveryError``."""
        return await self._sender.send(item)

    async def receive(self, request: RawRequest) -> Respond | None:
        """One webhook call: proven, understood and durable when this returns.  Raises ``InboundRejected``, ``StoreUnavailable``.

        Where cases can be read back, a call only says that one should be.  When the desk is too slow for that, the answer
        does not wait: the reading goes on, and a process that dies meanwhile reads every open case when it starts.
        """
        self.helpdesk.verify(request)
        answer: Respond | None = None
        touched: dict[str, None] = {}
        for heard in self.helpdesk.parse(request):
            match heard:
                case Respond():
                    answer = heard
                case Ignored(reason):
                    self._ignored(reason)
                case CaseTouched():
                    touched[await self._ref(heard)] = None
                case EntryMade():
                    touched[heard.ref] = None
                    if not self.helpdesk.features.reads:
                        await self._reader.hear(heard.ref, (heard.entry,))
                case CaseAsked():
                    touched[heard.ref] = None
                    await self._asked(heard)
                case _:
                    assert_never(heard)
        if self.helpdesk.features.reads:
            await self._read(tuple(touched))
        return answer

    async def _ref(self, touched: CaseTouched) -> str:
        """The case meant, "" when only a key was told that we never gave."""
        place = None if touched.ref or touched.key is None else parse_case_key(touched.key)
        record = None if place is None else await self._book.case(*place)
        return touched.ref if record is None else record.ref

    async def _asked(self, asked: CaseAsked) -> None:
        if not await self._book.behind(asked.ref):
            self._ignored("unknown_case")
            return
        await self._book.wish(asked)
        if not self.helpdesk.features.reads:
            await self._reader.hear(asked.ref, ())

    async def _read(self, refs: tuple[str, ...]) -> None:
        tasks = [self._reader.touch(ref) for ref in refs]
        if not tasks:
            return
        done, _ = await asyncio.wait(tasks, timeout=ANSWER_WITHIN_S)
        for task in done:
            if not task.cancelled():
                task.result()

    async def run(self) -> None:
        """Notice what no webhook told (drift, polling), until cancelled; every open case is looked at once at the start."""
        if self.helpdesk.features.reads:
            await self._watcher.run()
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Give up connections; safe twice."""
        await self._reader.close()
        if isinstance(self.helpdesk, Closes):
            await self.helpdesk.close()
