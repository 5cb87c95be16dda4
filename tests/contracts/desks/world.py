"""A desk under the contract: its rig, the bridge built by its plugin, a real ledger on disk and a customer's channel.

Time is simulated where Frontdesk waits (a row's next attempt), and real where a vendor stamps or signs.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from core import ids
from core.domain import Attachment, Destination
from core.errors import InboundRejected
from core.notices import Notices
from core.ports.channel import Fetched, RawRequest
from core.ports.desk import Desk, DeskItem
from core.ports.helpdesk import DeskFeatures
from core.ports.store import Store, TenantStore, Work
from gateway.accounts import Accounts
from gateway.delivery import Delivery
from gateway.identity import Identity
from gateway.ladder import Ladder
from gateway.memory import AccountMemory
from gateway.store.embedded.sqlite import SqliteStore
from handoff import AnyDeskPlugin, DeskContext
from handoff.bridge.desk import BridgedDesk
from handoff.service import HandoffService
from tests.channels.context import HeldFiles, NoLive
from tests.contracts.desks.backstage import Backstage, Missing, SeenCase
from tests.contracts.desks.customer import ACCOUNT, Chat, Customer
from tests.contracts.desks.lived import Clock, Kit, Noted, Told
from tests.contracts.desks.neighbours import Neighbours, NoteCommands
from tests.contracts.desks.tripping import Tripping

WAIT_S = 30.0
LOOK_S = 0.02
MOMENT = timedelta(milliseconds=1)
TENANTS = count(1)
Line = tuple[str, Destination]
PAGE = 500


@runtime_checkable
class BringsPlugin(Protocol):
    """A rig whose desk does not ship."""

    plugin: AnyDeskPlugin


@runtime_checkable
class ForgetsWishes(Protocol):
    """A rig whose agents give back with a button: the call that it makes is all there is."""

    forgets_wishes: bool


@dataclass(kw_only=True, eq=False, repr=False)
class DeskWorld:
    """Everything of one tenant."""

    rig: Backstage
    store: Store
    tenant: str
    clock: Clock
    told: Told
    chat: Chat
    files: HeldFiles
    neighbours: Neighbours
    kit: Kit
    wait_s: float = WAIT_S
    parallel: int = 8
    helpdesk: Tripping = field(init=False)
    bridge: BridgedDesk = field(init=False)
    desk: Desk = field(init=False)
    handoff: HandoffService = field(init=False)
    delivery: Delivery = field(init=False)
    customers: list[Customer] = field(default_factory=list)
    items: list[DeskItem] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def acme(self) -> TenantStore:
        return self.store.for_tenant(self.tenant)

    @property
    def features(self) -> DeskFeatures:
        return self.helpdesk.features

    @property
    def rig_remembers_wishes(self) -> bool:
        """Whether a wish to give back can be read later; a button's cannot."""
        return not isinstance(self.rig, ForgetsWishes)

    async def start(self) -> None:
        """Begin, or begin again after ``stop`` with nothing kept but the ledger: a restart of the process."""
        memory = self.kit.memory(AccountMemory(self.acme, f"desk:{self.tenant}"))
        plugin = plugin_of(self.rig)
        context = DeskContext(
            tenant=self.tenant,
            live=NoLive(),
            files=self.files,
            memory=memory,
            clock=self.clock,
            webhook_url=f"https://desk.example/webhooks/desk/{self.tenant}",
        )
        assert plugin.helpdesk is not None
        settings = plugin.settings.model_validate(dict(self.rig.settings))
        self.helpdesk = Tripping(self.kit.helpdesk(plugin.helpdesk(context, settings)))
        self.handoff = self.kit.handoff(self.acme, notices=Notices(), hours=None, clock=self.clock)
        self.handoff.commands = NoteCommands(self.handoff)
        self.bridge = BridgedDesk(
            self.helpdesk,
            store=self.acme,
            handoff=self.handoff,
            memory=memory,
            files=self.files,
            keep_file=self._keep_file,
            channel_kind=lambda account: "whatsapp",
            clock=self.clock,
            routes=self.neighbours,
            briefs=self.neighbours,
            assists=self.neighbours,
        )
        self.desk = Noted(self.kit.desk(self.bridge), self.items)
        self.delivery = self._delivery()
        self.told.delivery = self.delivery
        await self.delivery.start()
        self.rig.connect(self.receive)

    def _delivery(self) -> Delivery:
        channels = {ACCOUNT: self.chat}
        ladder = Ladder(
            self.store,
            Identity(self.store, channels=lambda: channels, secret=b"of the contract", clock=self.clock),
            channels=lambda: channels,
            is_parked=lambda account: False,
            notices=lambda tenant: Notices(),
            clock=self.clock,
        )
        return Delivery(
            self.store,
            channels=lambda: channels,
            desks=lambda: {self.tenant: self.desk},
            holder="w1",
            clock=self.clock,
            accounts=Accounts(self.clock),
            undelivered=ladder.undelivered,
            link=lambda tenant, item: f"https://files.example/{item.id}",
            parallel=self.parallel,
        )

    async def _keep_file(self, conv: str, key: str, file: Fetched) -> Attachment:
        kept = Attachment(
            id="u_" + ids.digest(conv, key),
            name=file.name or "file",
            media_type=file.media_type,
            size_bytes=len(file.body),
        )
        self.files.bodies[kept.id] = file.body
        return kept

    async def stop(self) -> None:
        """The process ends."""
        self.told.delivery = None
        await self.delivery.stop(drain_s=5)
        await self.bridge.close()

    async def restart(self) -> None:
        """The process ends and another one begins; webhook calls in between find nobody."""
        await self.stop()
        await self.start()

    async def receive(self, request: RawRequest) -> int:
        """The webhook door: what it answers."""
        try:
            await self.bridge.receive(request)
            status = 200
        except InboundRejected as error:
            status = error.status
        self.answers.append(status)
        return status

    def customer(self, name: str = "Ada", **facts: Any) -> Customer:
        """Somebody new, who has not written yet."""
        made = Customer(self, name=name, number=len(self.customers) + 1, **facts)
        self.customers.append(made)
        return made

    async def cases(self) -> tuple[SeenCase, ...]:
        """The cases of this world's customers, in the order they were made."""
        ours = tuple(f"fd:{customer.conv}:" for customer in self.customers)
        return tuple(case for case in await self.rig.cases() if case.key.startswith(ours))

    async def settle(self, *, within: timedelta = timedelta(minutes=4), step: timedelta = MOMENT) -> None:
        """Deliver what can be delivered; time passes, by ``step`` at least, as far as the rows' next attempts ask."""
        deadline = self.clock() + within
        async with asyncio.timeout(self.wait_s):
            while pending := await self._pending():
                now = self.clock()
                ready = [line for line, due_at in pending.items() if due_at <= now]
                if ready:
                    await self._tried(ready)
                    continue
                soonest = min(pending.values())
                if soonest > deadline:
                    raise AssertionError(f"still waiting after {within}: {pending}")
                self.clock.advance(soonest - now + step)

    async def _tried(self, lines: Iterable[Line]) -> None:
        """Wake the lines, and wait until about as many attempts have ended."""
        wanted = self.told.settled_count
        for conv, to in lines:
            self.delivery.wake(self.tenant, conv, to)
            wanted += 1
        while self.told.settled_count < wanted and await self.hear():
            pass

    async def passes(self, time: timedelta, *, looks: int = 24) -> None:
        """So much time goes by; whatever is due is tried now and then meanwhile."""
        for _ in range(looks):
            self.clock.advance(time / looks)
            now = self.clock()
            due = {line: due_at for line, due_at in (await self._pending()).items() if due_at <= now}
            for conv, to in due:
                self.delivery.wake(self.tenant, conv, to)
            async with asyncio.timeout(self.wait_s):
                while await self._still(due):
                    await self.hear()

    async def _still(self, due: Mapping[Line, datetime]) -> bool:
        """Whether some line waits for the same attempt as before."""
        pending = await self._pending()
        return any(pending.get(line) == due_at for line, due_at in due.items())

    async def _pending(self) -> dict[Line, datetime]:
        found: dict[Line, datetime] = {}
        after: Work | None = None
        while page := await self.store.system.undelivered(after=after, limit=PAGE):
            found |= {(work.conv, to): due_at for work, to, due_at in page if work.tenant == self.tenant}
            after = page[-1][0]
        return found

    async def hear(self) -> bool:
        """Wait for news of the ledger, and no longer than a moment; whether there was any."""
        self.told.news.clear()
        try:
            await asyncio.wait_for(self.told.news.wait(), LOOK_S)
        except TimeoutError:
            return False
        return True

    async def until(self, wanted: Callable[[], Awaitable[bool]], *, what: str = "") -> None:
        """Wait until something is so, delivering meanwhile; a desk that does not call us is read."""
        async with self.noticing(not self.features.pushes):
            await self._until(wanted, what)

    async def noticed(self, wanted: Callable[[], Awaitable[bool]], *, what: str = "") -> None:
        """As ``until``, with the desk read as at a start of the process: no webhook tells."""
        async with self.noticing(True):
            await self._until(wanted, what)

    async def _until(self, wanted: Callable[[], Awaitable[bool]], what: str) -> None:
        try:
            async with asyncio.timeout(self.wait_s):
                while True:
                    await self.settle()
                    if await wanted():
                        return
                    await self.hear()
        except TimeoutError:
            raise AssertionError(f"never so: {what or getattr(wanted, '__name__', wanted)}") from None

    @asynccontextmanager
    async def noticing(self, runs: bool = True) -> AsyncIterator[None]:
        """The bridge notices what no webhook told."""
        task = asyncio.create_task(self.bridge.run()) if runs else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                (end,) = await asyncio.gather(task, return_exceptions=True)
                assert isinstance(end, asyncio.CancelledError), f"the watch ended by itself: {end!r}"

    async def cannot(self, does: Awaitable[object]) -> None:
        """The helpdesk has no such thing, and says so."""
        try:
            await does
        except Missing:
            return
        raise AssertionError("the desk's features say that it cannot, but it can")


def plugin_of(rig: Backstage) -> AnyDeskPlugin:
    """What makes the rig's desk; each folder is imported alone, so that a broken one fails its own scenarios only."""
    if isinstance(rig, BringsPlugin):
        return rig.plugin
    plugin: AnyDeskPlugin = importlib.import_module(f"handoff.desks.{rig.kind}").plugin
    return plugin


@asynccontextmanager
async def ledger(folder: Path) -> AsyncIterator[tuple[SqliteStore, Clock, Told]]:
    """A ledger on disk; many worlds may stand on it, one after the other."""
    clock, told = Clock(), Told()
    store = SqliteStore(folder / "ledger.sqlite3", clock=clock)
    store.observer = told
    await store.start()
    try:
        yield store, clock, told
    finally:
        await store.stop()


@asynccontextmanager
async def world_of(
    rig: Backstage,
    store: Store,
    clock: Clock,
    told: Told,
    *,
    kit: Kit | None = None,
    wait_s: float = WAIT_S,
    parallel: int = 8,
) -> AsyncIterator[DeskWorld]:
    """A tenant of its own over a rig that runs."""
    clock.skipped = timedelta()
    made = DeskWorld(
        rig=rig,
        store=store,
        tenant=f"acme-{next(TENANTS)}",
        clock=clock,
        told=told,
        chat=Chat(),
        files=HeldFiles(),
        neighbours=Neighbours(),
        kit=kit or Kit(),
        wait_s=wait_s,
        parallel=parallel,
    )
    made.chat.tenant = made.tenant
    await made.start()
    try:
        yield made
    finally:
        await calm(rig)
        await made.stop()


async def calm(rig: Backstage) -> None:
    """A rig that is used again has no bad day any more, and calls nobody."""
    rig.connect(_nobody)
    rig.down(False)
    rig.refuse_credentials(False)
    await rig.drop()


async def _nobody(request: RawRequest) -> int:
    return 503
