"""One conversation between a customer, a bot, a console and a desk, on a seeded schedule: everybody acts when it suits them.

Time is skipped, every write and every desk call dawdles by chance, and the desk has bad days.  A seed is a schedule.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from core.domain import Audience, DeliveryState, MessageKind
from core.errors import StoreUnavailable
from core.ports.channel import Outbound
from gateway.store.ledger import DocumentStore
from gateway.store.rows import CommitRow, decode_commit
from tests.contracts.desks.customer import Customer, answering
from tests.contracts.desks.lived import Clock, Kit, Told
from tests.contracts.desks.plain import Weather
from tests.contracts.desks.plain_rig import PlainBackstage, PlainPolledBackstage, PlainWholeBackstage
from tests.contracts.desks.scenario import mark
from tests.contracts.desks.world import DeskWorld, world_of
from tests.contracts.fake_documents import FakeDocuments, Pause, Server

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
STORY_S = 60.0
CALM_S = 240.0
SWEEP_S = 5.0
BACKSTAGES = (PlainBackstage, PlainWholeBackstage, PlainPolledBackstage)
Act = Callable[[], Awaitable[object]]


class LoopClock(Clock):
    """The loop's own time."""

    def __call__(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())


class Dawdling(FakeDocuments):
    """A database at which everybody may be overtaken."""

    async def _pause(self) -> None:
        assert self._random is not None
        for _ in range(self._random.choice((0, 0, 1, 3))):
            await Pause()
        await super()._pause()


@dataclass
class Town:
    """The schedule of one seed and what came of it."""

    seed: int
    kit: Kit = field(default_factory=Kit)
    rng: Random = field(init=False)
    server: Server = field(default_factory=Server)
    rig: PlainBackstage = field(init=False)
    world: DeskWorld = field(init=False)
    ada: Customer = field(init=False)
    marks: count[int] = field(default_factory=count)
    written: list[int] = field(default_factory=list)
    desk_replies: list[tuple[str, str]] = field(default_factory=list)
    console_replies: list[str] = field(default_factory=list)
    acted: Counter[str] = field(default_factory=Counter)
    is_calm: bool = False
    drafts: int = 0
    episodes: int = 0

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.rig = self.rng.choice(BACKSTAGES)()
        if not self.rig.features.pushes:
            self.rig.features = replace(self.rig.features, poll_s=5.0)

    async def play(self) -> None:
        """The story, then calm until nothing moves any more."""
        clock, told = LoopClock(), Told()
        documents = Dawdling(self.server, random=self.rng)
        store = DocumentStore(documents, clock=clock, monotonic=lambda: 0.0)
        store.observer = told
        self.rig.server.now, self.rig.server.weather, self.rig.server.pause = clock, self._weather, self._dawdle
        await self.rig.start()
        async with world_of(self.rig, store, clock, told, kit=self.kit) as self.world:
            self.ada = self.world.customer()
            async with self._process():
                await self._story()
                self.is_calm = True
                await self.rig.release()
                await asyncio.sleep(CALM_S)
        await self.rig.stop()

    @asynccontextmanager
    async def _process(self) -> AsyncIterator[None]:
        """What a serving process does all the time."""
        tasks = [asyncio.create_task(work) for work in (self._lane(), self._sweep(), self.world.bridge.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended

    def _weather(self) -> Weather | None:
        bad = not self.is_calm and self.rng.random() < 0.15
        return self.rng.choice(list(Weather)) if bad else None

    async def _dawdle(self) -> None:
        await asyncio.sleep(self.rng.choice((0.0, 0.0, 0.05, 0.4)))

    async def _lane(self) -> None:
        while True:
            await asyncio.sleep(self.rng.uniform(0.05, 1.0))
            turn = await self.world.acme.open_turn(self.ada.conv, "w1")
            if turn is not None:
                await asyncio.sleep(self.rng.choice((0.0, 0.5, 4.0)))
                hands_over = "asked" if self.rng.random() < 0.3 and not self.is_calm else None
                await self.ada.ends_turn(turn, answering("The assistant's answer.", hands_over=hands_over))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            for work, to, due_at in await self.world.store.system.undelivered(after=None, limit=100):
                if due_at <= self.world.clock():
                    self.world.delivery.wake(work.tenant, work.conv, to)

    async def _story(self) -> None:
        await self._writes()
        acts = [
            self._writes, self._writes, self._writes, self._asks, self._asks, self._replies, self._replies, self._replies,
            self._notes, self._notes, self._console_replies, self._console_replies, self._console_gives_back,
            self._gives_back, self._solves, self._reopens, self._assigns, self._redelivers, self._redelivers,
            self._contact_resolves,
        ]  # fmt: skip
        chosen = self.rng.sample(acts, k=self.rng.randint(8, len(acts)))
        async with asyncio.TaskGroup() as group:
            for act in chosen:
                group.create_task(self._at(self.rng.uniform(0, STORY_S), act))

    async def _at(self, when_s: float, act: Act) -> None:
        await asyncio.sleep(when_s)
        self.acted[getattr(act, "__name__", "")] += 1
        await act()

    async def _sure(self, act: Act) -> None:
        """Ask again while the store is out of order."""
        while True:
            try:
                await act()
            except StoreUnavailable:
                continue
            return

    async def _writes(self) -> None:
        number = next(self.marks)
        self.written.append(number)
        event = self.ada.event(mark(number))
        for _ in range(self.rng.choice((1, 1, 2))):
            await self._sure(lambda: self.world.acme.accept([event]))

    async def _asks(self) -> None:
        await self.world.handoff.request(self.ada.conv, key=f"button {self.rng.randrange(2)}")

    async def _ref(self) -> str | None:
        cases = await self.ada.cases()
        return self.rng.choice(cases).ref if cases else None

    async def _replies(self) -> None:
        ref = await self._ref()
        if ref is not None:
            text = f"Desk reply {len(self.desk_replies)}."
            self.desk_replies.append((ref, text))
            await self.rig.reply(ref, text, agent=self.rng.choice(("sue", "max")))

    async def _notes(self) -> None:
        ref = await self._ref()
        if ref is not None:
            await self.rig.note(ref, self.rng.choice(("SECRET between us", "/bot")))

    async def _console_replies(self) -> None:
        text = f"Console reply {len(self.console_replies)}."
        self.console_replies.append(text)
        for _ in range(self.rng.choice((1, 2))):
            await self.world.handoff.reply(self.ada.conv, agent="Kim", text=text, key=text, takeover=True)

    async def _console_gives_back(self) -> None:
        await self.world.handoff.give_back(self.ada.conv, agent="Kim", key="give back", takeover=True)

    async def _gives_back(self) -> None:
        if (ref := await self._ref()) is not None:
            await self.rig.give_back(ref)

    async def _solves(self) -> None:
        if (ref := await self._ref()) is not None:
            await self.rig.solve(ref)

    async def _reopens(self) -> None:
        if (ref := await self._ref()) is not None:
            await self.rig.reopen(ref)

    async def _assigns(self) -> None:
        if (ref := await self._ref()) is not None:
            await self.rig.assign(ref, "max")

    async def _redelivers(self) -> None:
        self.rig.hold()
        await asyncio.sleep(self.rng.uniform(0.5, 8.0))
        await self.rig.release(order=self.rng.choice(("as made", "reversed")), copies=2)

    async def _contact_resolves(self) -> None:
        await self.world.handoff.resolve_by_contact(self.ada.conv, key="all well")

    async def count(self) -> None:
        """What the schedule brought about."""
        log = await self.world.acme.transcript(self.ada.conv, audience=Audience.DESK)
        self.drafts = sum(m.kind is MessageKind.DRAFT or m.delivery is DeliveryState.DRAFT for m in log)
        self.episodes = (await self.ada.head()).episode

    def sent(self) -> list[Outbound]:
        """What reached the customer, with the head under which it went."""
        return self.world.chat.sent

    def commits(self) -> list[CommitRow]:
        """The conversation's ledger."""
        stored = [d for d in self.server.documents("commits") if d.get("body") is not None]
        return sorted((decode_commit(d["body"]) for d in stored), key=lambda row: row.seq)  # type: ignore[arg-type]
