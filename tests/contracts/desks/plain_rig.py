"""The plain desk's people and bad days.  Three ways to hear of them: pings, whole entries, and no webhook at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseStatus, DeskFeatures, Entry
from handoff import DeskContext, DeskPlugin
from handoff.kit.settings import DeskSettings
from tests.contracts.desks.backstage import Receive, SeenCase, SeenEntry
from tests.contracts.desks.plain import (
    AGENTS,
    FEATURES,
    PlainCase,
    PlainHelpdesk,
    PlainServer,
    Push,
    Weather,
    signed,
)


class PlainSettings(DeskSettings):
    """The plain desk's block."""


class PlainBackstage:
    """Implements tests.contracts.desks.backstage.Backstage; ``helpdesk`` makes the vendor's end, a broken one perhaps."""

    kind = "plain"
    settings: Mapping[str, Any] = {}
    is_slow_to_start = False
    features: DeskFeatures = FEATURES
    sends_whole = False
    helpdesk: type[PlainHelpdesk] = PlainHelpdesk

    def __init__(self) -> None:
        self.server = PlainServer()
        self.server.touched = self._touched
        self.plugin = DeskPlugin(kind=self.kind, settings=PlainSettings, helpdesk=self._build)
        self._receive: Receive | None = None
        self._waiting: list[Push] = []
        self._kept: list[RawRequest] = []
        self._holds = False
        self._pushes = 0
        self._calling: set[asyncio.Task[None]] = set()

    def _build(self, context: DeskContext, settings: PlainSettings) -> PlainHelpdesk:
        return self.helpdesk(self.server, context.files, features=self.features)

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Let the calls under way end."""
        while self._calling:
            await asyncio.wait(self._calling)

    def connect(self, receive: Receive) -> None:
        self._receive = receive

    def _touched(self, ref: str, entry: Entry | None) -> None:
        if not self.features.pushes:
            return
        whole = entry is not None and self.sends_whole
        self._pushes += 1
        self._waiting.append(
            Push(ref=ref, id=f"p{self._pushes}", what="entry" if whole else "touched", entry=entry.id if entry else "")
        )
        calling = asyncio.get_running_loop().create_task(self.flush())
        self._calling.add(calling)
        calling.add_done_callback(self._calling.discard)

    async def flush(self) -> None:
        """Make the webhook calls that wait, as the vendor does after each change."""
        waiting, self._waiting = self._waiting, []
        requests = [signed(push, self.server.secret, at=datetime.now(UTC)) for push in waiting]
        if self._holds:
            self._kept += requests
        elif self._receive is not None and not self.server.is_down:
            for request in requests:
                await self._receive(request)

    async def cases(self) -> tuple[SeenCase, ...]:
        return tuple(self._seen(case) for case in self.server.cases.values() if not case.is_deleted)

    def _seen(self, case: PlainCase) -> SeenCase:
        return SeenCase(
            ref=case.ref,
            key=case.key,
            subject=case.subject,
            status=case.status,
            assignee=case.assignee,
            team=case.team,
            urgency=case.urgency,
            tags=frozenset(case.tags),
            entries=tuple(self._seen_entry(case, entry) for entry in case.entries if not entry.is_deleted),
        )

    def _seen_entry(self, case: PlainCase, entry: Entry) -> SeenEntry:
        return SeenEntry(
            id=entry.id,
            by=entry.by,
            author=case.authors[entry.id],
            text=entry.text,
            is_public=bool(entry.is_public),
            files={self.server.files[file.id][0]: self.server.files[file.id][1] for file in entry.files},
        )

    async def reply(self, ref: str, text: str, *, agent: str = "sue", files: Mapping[str, bytes] = {}) -> str:
        return await self._say(ref, text, agent=agent, is_public=True, files=files)

    async def note(self, ref: str, text: str, *, agent: str = "sue") -> str:
        return await self._say(ref, text, agent=agent, is_public=False)

    async def _say(
        self, ref: str, text: str, *, agent: str, is_public: bool, files: Mapping[str, bytes] | None = None
    ) -> str:
        kept = tuple(self.server.keep(name, body) for name, body in (files or {}).items())
        who = AGENTS[agent]
        entry = self.server.put(
            self.server.case(ref), who.name, by=By.AGENT, is_public=is_public, text=text, agent=who, files=kept
        )
        await self.flush()
        return entry.id

    async def _change(self, ref: str, agent: str | None = None, **facts: Any) -> None:
        case = self.server.cases[ref]
        for name, value in facts.items():
            setattr(case, name, value)
        self.server.touch(case, by=None if agent is None else AGENTS[agent])
        await self.flush()

    async def assign(self, ref: str, agent: str) -> None:
        await self._change(ref, agent, assignee=agent)

    async def solve(self, ref: str, *, agent: str = "sue") -> None:
        await self._change(ref, agent, status=CaseStatus.SOLVED)

    async def close(self, ref: str) -> None:
        await self._change(ref, status=CaseStatus.CLOSED)

    async def reopen(self, ref: str, *, agent: str = "sue") -> None:
        await self._change(ref, agent, status=CaseStatus.OPEN)

    async def give_back(self, ref: str, *, agent: str = "sue") -> None:
        if self.sends_whole:
            self._pushes += 1
            self._waiting.append(Push(ref=ref, id=f"p{self._pushes}", what="asked", agent=AGENTS[agent].id))
            await self.flush()
        else:
            await self._change(ref, agent, gives_back=True)

    async def delete(self, ref: str) -> None:
        await self._change(ref, is_deleted=True)

    async def merge(self, ref: str, into: str) -> None:
        await self._change(ref, "sue", status=CaseStatus.CLOSED, merged_into=into)
        await self._change(into, "sue")

    async def edit(self, ref: str, entry: str, text: str) -> None:
        await self._alter(ref, entry, text=text, revision=str(self.server.number()))

    async def remove(self, ref: str, entry: str) -> None:
        await self._alter(ref, entry, text="", is_deleted=True, revision=str(self.server.number()))

    async def _alter(self, ref: str, entry_id: str, **facts: Any) -> None:
        case = self.server.case(ref)
        case.entries = [replace(entry, **facts) if entry.id == entry_id else entry for entry in case.entries]
        self.server.touch(case, next(entry for entry in case.entries if entry.id == entry_id))
        await self.flush()

    async def stranger(self, ref: str, text: str) -> None:
        self.server.put(self.server.case(ref), "Cc'd Carl", by=By.OTHER, is_public=True, text=text)
        await self.flush()

    def throttle(self, times: int, retry_after_s: float) -> None:
        self.server.troubles += [(Weather.THROTTLED, retry_after_s)] * times

    def fail(self, times: int) -> None:
        self.server.troubles += [(Weather.FAILED, 0.0)] * times

    def lose_answers(self, times: int) -> None:
        self.server.troubles += [(Weather.LOST, 0.0)] * times

    def refuse_credentials(self, refuse: bool) -> None:
        self.server.refuses = refuse

    def down(self, is_down: bool) -> None:
        self.server.is_down = is_down

    def hold(self) -> None:
        self._holds = True

    async def release(self, *, order: str = "as made", copies: int = 1) -> None:
        await self.flush()
        kept, self._kept, self._holds = self._kept, [], False
        for request in kept if order == "as made" else reversed(kept):
            for _ in range(copies):
                if self._receive is not None:
                    await self._receive(request)

    async def drop(self) -> None:
        await self.flush()
        self._kept, self._holds = [], False

    def forged(self) -> RawRequest | None:
        if not self.features.pushes:
            return None
        ref = next(iter(self.server.cases), "k1")
        return signed(Push(ref=ref, id="p0"), "another secret", at=datetime.now(UTC))

    def unknown_case(self) -> RawRequest | None:
        if not self.features.pushes:
            return None
        return signed(Push(ref="k999", id="p0"), self.server.secret, at=datetime.now(UTC))

    @property
    def calls(self) -> int:
        return self.server.calls


class PlainWholeBackstage(PlainBackstage):
    """Its webhook calls carry whole entries and wishes."""

    sends_whole = True
    forgets_wishes = True


class PlainPolledBackstage(PlainBackstage):
    """It never calls."""

    features = replace(FEATURES, pushes=False, signed=False, poll_s=1.0, edits=True)


class PlainNarrowBackstage(PlainBackstage):
    """It takes four writes to a case in a minute."""

    features = replace(FEATURES, updates=4, updates_per_s=60.0)
