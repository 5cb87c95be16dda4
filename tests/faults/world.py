"""A world of crashing processes around one conversation on the fake document database, run by a seeded scheduler.

Every pause between two writes is a place where the scheduler may let anybody else go first, kill a process, lose an answer, or
let an old write arrive.  Nothing here uses an event loop, threads or time: a seed is a schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

from core.domain import Audience, DeliveryState, Destination, EventKind, InboundEvent, Message
from core.errors import StoreUnavailable
from core.ledger import Claimed
from gateway.store.ledger import DocumentStore, DocumentTenant
from gateway.store.ledger_shapes import Key
from tests.contracts.fake_documents import Crash, FakeDocuments, Fate, Pause, Server, drive
from tests.contracts.words import (
    CONV,
    TENANT,
    Clock,
    Numbers,
    act,
    commit_turn,
    control,
    message,
    replying,
)

Script = Callable[["Process"], Coroutine[Any, Any, None]]

CONTROLS = (
    EventKind.HANDOFF_REQUESTED,
    EventKind.AGENT_CLAIMED,
    EventKind.AGENT_REPLIED,
    EventKind.AGENT_NOTED,
    EventKind.AGENT_GAVE_BACK,
    EventKind.AGENT_RESOLVED,
    EventKind.CONTACT_RESOLVED,
    EventKind.CONTACT_RATED,
)
KEY = Key(TENANT, CONV)
STEPS = 20_000
ROUNDS = 300


@dataclass(eq=False, slots=True)
class Process:
    """One worker; its name is its holder."""

    name: str
    documents: FakeDocuments
    store: DocumentStore

    @property
    def acme(self) -> DocumentTenant:
        return self.store.for_tenant(TENANT)


@dataclass(eq=False, slots=True)
class Task:
    """A script under way.  ``is_work``: it must be carried out, by another process if this one dies."""

    process: Process
    script: Script
    steps: Coroutine[Any, Any, None]
    is_work: bool


@dataclass(slots=True)
class Sending:
    """One delivery attempt as the outside saw it; the numbers are steps of the schedule."""

    claimed: Claimed
    asked_at: int
    newest_seq: int
    ended: DeliveryState | None = None
    ended_at: int = -1


@dataclass(slots=True)
class World:
    """The database, whoever works on it, and what the outside world got to see."""

    seed: int
    random: Random = field(init=False)
    documents: type[FakeDocuments] = FakeDocuments
    server: Server = field(default_factory=Server)
    clock: Clock = field(default_factory=Clock)
    new_id: Numbers = field(default_factory=Numbers)
    monotonic: float = 0.0
    lease_s: float = 0.0
    is_calm: bool = False
    crashes_left: int = 0
    step: int = 0
    tasks: list[Task] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    events: list[InboundEvent] = field(default_factory=list)
    sendings: list[Sending] = field(default_factory=list)
    logs: list[tuple[Message, ...]] = field(default_factory=list)
    crashes: int = 0
    work_left: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.lease_s = self.random.choice((6.0, 12.0, 25.0))
        self.crashes_left = self.random.choice((0, 1, 2, 3))

    def run(self) -> None:
        """Play the whole story: the storm, then a quiet worker that finishes, then everybody who had been slow."""
        for _ in range(2):
            self._start_process()
        self._spawn_story()
        while self.work_left:
            self._step()
        for _ in range(self.random.randrange(200)):
            self._step()
        self.is_calm = True
        self._arrive_late()
        self._finish()
        for _ in range(300):
            self._step()
        self._finish()

    def start(self, script: Script, *, process: Process | None = None, is_work: bool = False) -> None:
        """Begin a script, on any process if none is named."""
        on = process or self.random.choice(self.processes)
        self.tasks.append(Task(on, script, script(on), is_work))
        self.work_left += is_work

    def _fate(self) -> Fate:
        if self.is_calm:
            return Fate.APPLY
        roll = self.random.random()
        if roll < 0.012 and self.crashes_left:
            self.crashes_left -= 1
            return self.random.choice((Fate.CRASH_BEFORE, Fate.CRASH_AFTER))
        if roll > 0.9:
            return self.random.choice((Fate.LOSE_BEFORE, Fate.LOSE_AFTER, Fate.LATE, Fate.TWICE))
        return Fate.APPLY

    def _new_process(self) -> Process:
        documents = self.documents(self.server, fates=self._fate, random=self.random)
        store = DocumentStore(
            documents,
            clock=self.clock,
            monotonic=lambda: self.monotonic,
            new_id=self.new_id,
            lease_s=self.lease_s,
        )
        return Process(f"w{self.new_id('p')}", documents, store)

    def _start_process(self) -> None:
        process = self._new_process()
        self.processes.append(process)
        for script in (self._lane, self._beat, self._deliver_channel, self._deliver_desk):
            self.start(script, process=process)

    def _spawn_story(self) -> None:
        count = self.random.randint(2, 4)
        for n in range(count):
            self._spawn_event(message(f"m{n}", second=self.random.randrange(9)), self._send)
        for n, kind in enumerate(self.random.choices(CONTROLS, k=self.random.randint(3, 7))):
            agent = self.random.choice(("Kim", "Lee"))
            self._spawn_event(control(kind, f"c{n}", agent=agent, text=f"{kind} {n}"), self._control)
        self.start(self._read, is_work=False)
        self.start(self._tick, is_work=False)

    def _spawn_event(
        self, event: InboundEvent, deliver: Callable[[Process, InboundEvent], Coroutine[Any, Any, None]]
    ) -> None:
        """One event, sent once or (a redelivery) twice, at some time."""
        self.events.append(event)
        for _ in range(self.random.choice((1, 1, 2))):
            delay = self.random.randrange(60)

            async def script(process: Process, delay: int = delay) -> None:
                for _ in range(delay):
                    await Pause()
                await deliver(process, event)

            self.start(script, is_work=True)

    def _step(self) -> None:
        self.step += 1
        assert self.step < STEPS, "the story does not end"
        if self.server.late and self.random.random() < 0.02:
            self.server.late.pop(self.random.randrange(len(self.server.late)))()
        task = self.random.choice(self.tasks)
        try:
            task.steps.send(None)
        except StopIteration:
            self.tasks.remove(task)
            self.work_left -= task.is_work
        except Crash:
            self._bury(task.process)

    def _bury(self, process: Process) -> None:
        """A process is dead: another one starts, and whoever was not answered asks again."""
        self.crashes += 1
        dead = [task for task in self.tasks if task.process is process]
        self.tasks = [task for task in self.tasks if task.process is not process]
        self.processes.remove(process)
        for task in dead:
            task.steps.close()
            self.work_left -= task.is_work
        self._start_process()
        for task in dead:
            if task.is_work or task.script in (self._read, self._tick):
                self.start(task.script, is_work=task.is_work)

    def _arrive_late(self) -> None:
        while self.server.late:
            self.server.late.pop(self.random.randrange(len(self.server.late)))()

    async def _send(self, process: Process, event: InboundEvent) -> None:
        while True:
            try:
                await process.acme.accept([event])
            except StoreUnavailable:
                continue
            return

    async def _control(self, process: Process, event: InboundEvent) -> None:
        while True:
            try:
                await act(process.acme, event, nonce=self.random.choice((event.id, self.new_id("n"))))
            except (StoreUnavailable, LookupError):
                continue
            return

    async def _lane(self, process: Process) -> None:
        while True:
            try:
                if not await self._turn(process):
                    await Pause()
            except StoreUnavailable:
                continue

    async def _turn(self, process: Process) -> bool:
        turn = await process.acme.open_turn(CONV, process.name)
        if turn is None:
            return False
        for _ in range(self.random.randrange(25)):
            await Pause()
        hands_over = self.random.random() < 0.2
        shown = "Shown. " if self.random.random() < 0.3 else ""
        await commit_turn(process.acme, turn, replying(f"Shown. By {process.name}", handoff=hands_over), shown=shown)
        return True

    async def _beat(self, process: Process) -> None:
        while True:
            try:
                await process.store.leases.beat()
            except StoreUnavailable:
                continue
            for _ in range(3):
                await Pause()

    async def _tick(self, process: Process) -> None:
        while True:
            self.monotonic += 1.0
            self.clock.advance(seconds=1)
            await Pause()

    async def _deliver_channel(self, process: Process) -> None:
        await self._deliver(process, Destination.CHANNEL)

    async def _deliver_desk(self, process: Process) -> None:
        await self._deliver(process, Destination.DESK)

    async def _deliver(self, process: Process, to: Destination) -> None:
        while True:
            try:
                if not await self._delivery(process, to):
                    await Pause()
            except StoreUnavailable:
                continue

    async def _delivery(self, process: Process, to: Destination) -> bool:
        asked_at, newest_seq = self.step, self.newest_seq()
        claimed = await process.acme.next_delivery(CONV, to, process.name)
        if claimed is None:
            return False
        sending = Sending(claimed, asked_at, newest_seq)
        self.sendings.append(sending)
        for _ in range(self.random.randrange(8)):
            await Pause()
        roll = self.random.random()
        state = DeliveryState.SENT
        if roll < 0.15:
            state = DeliveryState.PENDING if roll < 0.1 else DeliveryState.REJECTED
        await process.acme.settle(claimed, state, retry_at=self.clock() if state is DeliveryState.PENDING else None)
        sending.ended, sending.ended_at = state, self.step
        return True

    async def _read(self, process: Process) -> None:
        while True:
            try:
                self.logs.append(await process.acme.transcript(CONV, audience=Audience.CONTACT))
            except StoreUnavailable:
                continue
            for _ in range(10):
                await Pause()

    def newest_seq(self) -> int:
        """The newest commit of all, whoever knows of it yet."""
        return len(self.server.shard("commits", KEY.shard))

    def _finish(self) -> None:
        """A quiet process does whatever is left: what recovery does after a crash."""
        process = self._new_process()
        drive(process.store.sweeps.sweep(min_age_s=0))
        for _ in range(ROUNDS):
            if not drive(self._left(process)):
                break
            drive(self._turn(process))
            for to in Destination:
                drive(self._delivery(process, to))
            self.monotonic += self.lease_s / 2
            self.clock.advance(seconds=1)
        else:
            raise AssertionError("something is left for ever")
        self.logs.append(drive(process.acme.transcript(CONV, audience=Audience.CONTACT)))

    async def _left(self, process: Process) -> int:
        """What waits, whoever has it in hand: ``system.unread`` leaves out what another replica runs that may be alive."""
        unread = await process.acme.unread(CONV)
        undelivered = await process.store.system.undelivered(after=None, limit=10)
        return len(unread) + len(undelivered)
