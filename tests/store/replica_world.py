"""Replicas around one conversation on the fake document database: a seeded scheduler with a clock of its own.

Time passes with every pause and jumps when all sleep.  A replica may be frozen at any pause, as SIGSTOP would, and wakes later
where it was; its clock, like a machine's, went on.  What a lane, a sweep and a heartbeat do is as in the gateway, but for how
they are woken.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from core.domain import DeliveryState, Destination
from core.ledger import CommitKind
from gateway.store.ledger import SWEEP_S, DocumentStore, DocumentTenant
from gateway.store.ledger_shapes import Key
from gateway.store.rows import CommitRow, decode_commit
from tests.contracts.fake_documents import FakeDocuments, Server, drive
from tests.contracts.words import CONV, TENANT, Clock, Numbers, commit_turn, message, replying

KEY = Key(TENANT, CONV)
LEASE_S = 15.0
STEP_S = 0.002
STEPS = 400_000


@dataclass(frozen=True, slots=True)
class Sleep:
    """Gives way for so many seconds of the world's clock."""

    seconds: float

    def __await__(self) -> Generator[float, None, None]:
        yield self.seconds


@dataclass(eq=False)
class Replica:
    """One process.  ``skew`` sets its monotonic clock apart from all others'."""

    name: str
    store: DocumentStore
    skew: float
    is_woken: bool = False
    is_busy: bool = False
    frozen_until: float = 0.0
    is_dead: bool = False

    @property
    def acme(self) -> DocumentTenant:
        return self.store.for_tenant(TENANT)


@dataclass(eq=False)
class Task:
    """Something that goes on in a replica, or (None) outside of all."""

    steps: Coroutine[Any, Any, None]
    replica: Replica | None
    due: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """What reached the contact."""

    row: str
    is_unsure: bool
    at: float


@dataclass
class Replicas:
    """``events`` messages, each sent to a random replica once the one before it is answered."""

    seed: int
    events: int
    count: int = 2
    freezes: int = 0
    kills: int = 0
    now: float = 1_000.0
    server: Server = field(default_factory=Server)
    replicas: list[Replica] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    frozen: list[float] = field(default_factory=list)
    void: int = 0
    waits: list[float] = field(default_factory=list)
    duty_steps: list[tuple[float, str]] = field(default_factory=list)
    stray_steps: int = 0

    def __post_init__(self) -> None:
        """Everybody starts within a second."""
        self.random = Random(self.seed)
        self.new_id, self.clock = Numbers(), Clock()
        self.is_over = False
        for _ in range(self.count):
            self.start_replica()
        self._start(self._write(), None)

    def start_replica(self) -> Replica:
        """One more replica."""
        skew = self.random.uniform(0, 1e6)
        store = DocumentStore(
            FakeDocuments(self.server, random=self.random),
            clock=self.clock,
            monotonic=lambda: self.now + skew,
            new_id=self.new_id,
            lease_s=LEASE_S,
        )
        replica = Replica(f"w{len(self.replicas)}", store, skew)
        self.replicas.append(replica)
        for script in (self._lane, self._beat, self._sweep, self._deliver, self._duty):
            self._start(script(replica), replica)
        return replica

    def run(self) -> None:
        """Play it to the end: all answered, all sent, everybody awake again."""
        for _ in range(STEPS):
            if self.is_over:
                break
            self._step()
        else:
            raise AssertionError("the story does not end")
        end = self.now + 2 * LEASE_S
        while self.now < end:
            self._step()

    def close(self) -> None:
        """Leave nothing running."""
        for task in self.tasks:
            task.steps.close()

    def _start(self, steps: Coroutine[Any, Any, None], replica: Replica | None) -> None:
        self.tasks.append(Task(steps, replica, due=self.now + self.random.random()))

    def _step(self) -> None:
        due = [(self._due(task), task) for task in self.tasks]
        ready = [task for at, task in due if at <= self.now]
        if not ready:
            self.now = min(at for at, _ in due)
            return
        task = self.random.choice(ready)
        self.now += STEP_S
        try:
            task.due = self.now + (task.steps.send(None) or 0.0)
        except StopIteration:
            self.tasks.remove(task)
            return
        self._harm(task.replica)

    def _due(self, task: Task) -> float:
        return task.due if task.replica is None else max(task.due, task.replica.frozen_until)

    def _harm(self, replica: Replica | None) -> None:
        """Freeze or kill whoever was just at work, between any two of its steps; one replica always stays awake."""
        if replica is None or self.is_over or self.random.random() > (0.02 if replica.is_busy else 0.001):
            return
        if not any(other is not replica and self._is_awake(other) for other in self.replicas):
            return
        if self.freezes:
            self.freezes -= 1
            self.frozen.append(self.now)
            replica.frozen_until = self.now + LEASE_S * self.random.uniform(1.2, 3)
        elif self.kills:
            self.kills -= 1
            self.frozen.append(self.now)
            self.kill(replica)

    def kill(self, replica: Replica) -> None:
        """As kill -9: nothing of it goes on, and another one starts."""
        replica.is_dead = True
        for task in [task for task in self.tasks if task.replica is replica]:
            task.steps.close()
            self.tasks.remove(task)
        self.start_replica()

    def _is_awake(self, replica: Replica) -> bool:
        return not replica.is_dead and replica.frozen_until <= self.now

    async def _write(self) -> None:
        for number in range(self.events):
            event = message(f"m{number:04}", second=number)
            began = self.now
            while not await self._is_taken(self.random.choice([r for r in self.replicas if self._is_awake(r)]), number):
                await Sleep(0.1)
            while self.server.shard("events", KEY.shard)[KEY.event(event.id)]["done"] is None:
                await Sleep(0.1)
            self.waits.append(self.now - began)
        while any(row["state"] == DeliveryState.PENDING.value for row in self.server.documents("outbox")):
            await Sleep(0.05)
        self.is_over = True

    async def _is_taken(self, replica: Replica, number: int) -> bool:
        """The webhook, which is not what is under test: it is answered at once or not at all."""
        drive(replica.acme.accept([message(f"m{number:04}", second=number)]))
        replica.is_woken = True
        return True

    async def _lane(self, replica: Replica) -> None:
        while True:
            while not replica.is_woken:
                await Sleep(0.05)
            replica.is_woken = False
            while (turn := await replica.acme.open_turn(CONV, replica.name)) is not None:
                replica.is_busy = True
                await Sleep(self.random.choice((0.1, 0.5, 2.0)))
                done = await commit_turn(replica.acme, turn, replying(f"to {turn.events[0].dedupe_key}"))
                self.void += done.commit is None or done.is_duplicate
                replica.is_busy = False

    async def _sweep(self, replica: Replica) -> None:
        while True:
            await Sleep(SWEEP_S * self.random.uniform(0.75, 1))
            if await replica.store.system.unread(after=None, limit=9):
                replica.is_woken = True

    async def _beat(self, replica: Replica) -> None:
        while True:
            await replica.store.leases.beat()
            await replica.store.leases.look()
            await Sleep(replica.store.leases.beat_s)

    async def _deliver(self, replica: Replica) -> None:
        while True:
            claimed = await replica.acme.next_delivery(CONV, Destination.CHANNEL, replica.name)
            if claimed is None:
                await Sleep(0.4)
                continue
            self.said.append(Said(claimed.id, claimed.unsettled, self.now))
            await Sleep(self.random.uniform(0, 0.3))
            await replica.acme.settle(claimed, DeliveryState.SENT)

    async def _duty(self, replica: Replica) -> None:
        while True:
            if await replica.store.system.hold("poll", replica.name):
                self.duty_steps.append((self.now, replica.name))
                self.stray_steps += self.on_duty() != replica.name
            await Sleep(1.0)

    def on_duty(self) -> str:
        """Who has the duty, by what stands in the store."""
        found = sorted(self.server.documents("duties"), key=lambda document: str(document["n"]).rjust(6))
        return str(found[-1]["holder"])

    def commits(self) -> list[CommitRow]:
        """All commits in order."""
        stored = self.server.shard("commits", KEY.shard).values()
        return sorted((decode_commit(commit["body"]) for commit in stored), key=lambda c: c.seq)  # type: ignore[arg-type]

    def turns(self) -> list[CommitRow]:
        """Those that answer."""
        return [commit for commit in self.commits() if commit.kind is CommitKind.TURN]
