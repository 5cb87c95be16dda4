"""The web channel over the real stages, store and sockets; only the engine is scripted and the clock can be moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, cast

import aiohttp
from aiohttp import web

from adapters.web import plugin
from adapters.web.channel import WebChannel
from adapters.web.settings import WebSettings
from core import ids
from core.domain import Citation, HandoffReason, Owner
from core.notices import Notices
from core.ports.channel import Channel, Sent
from core.ports.desk import Desk, DeskItem
from core.ports.engine import HandoffRequest, Journal, Reply, ReplySink, TurnInput, TurnResult
from core.ports.knowledge import Document, Generation, SourceRun
from core.ports.knowledge_store import KnowledgeStore
from core.staffing import Always
from gateway import webhooks
from gateway.accounts import Accounts
from gateway.background import Background
from gateway.cli.chat_client import Event, read_events
from gateway.delivery import Delivery
from gateway.http.public import public_app
from gateway.inbox import Inbox
from gateway.intake import Intake
from gateway.lanes import Lanes, LaneTenant
from gateway.live import Hub
from gateway.presence import Presence
from gateway.services import Current, Limits, Services, TenantServices, WebAccount
from gateway.signals import Signals
from gateway.store.embedded.sqlite import SqliteStore
from gateway.uploads import Uploads
from handoff.people import People
from handoff.service import HandoffService
from tests.channels.context import channel_context

SECRET = b"0123456789abcdef0123456789abcdef"
SITE = "https://shop.example"
WAIT_S = 10.0

Script = Callable[[TurnInput, ReplySink], Awaitable[TurnResult]]


def citation(number: int = 1, *, url: str | None = None) -> Citation:
    return Citation(
        number=number,
        document_id=ids.document_id("demo", "help", "returns.md"),
        external_id="returns.md",
        source="help",
        chunk_id="k1",
        title="Returns",
        url=url,
        heading="Returns › Deadline",
        quote="within 30 days",
    )


def result(reply: Reply | None = None, handoff: HandoffRequest | None = None) -> TurnResult:
    return TurnResult(
        reply=reply, handoff=handoff, is_resolved_step=True, language="en", sentiment="neutral", trace=b"{}"
    )


async def quoting(turn: TurnInput, sink: ReplySink) -> TurnResult:
    """Two sentences, released one by one, on one citation; hands over when asked for a person."""
    asked = turn.events[-1].text
    if "person" in asked:
        return result(handoff=HandoffRequest(reason=HandoffReason.ASKED, detail="The customer asked for a person."))
    first = f"You asked: {asked}"
    whole = first + " You have **30 days** [1]."
    if turn.head.owner is Owner.BOT:
        await sink.show(first)
        await sink.show(whole)
    return result(Reply(text=whole, citations=(citation(),), choices=("Thanks",)))


@dataclass
class ScriptedEngine:
    """The engine as the test wants it."""

    script: Script = quoting
    turns: list[TurnInput] = field(default_factory=list)

    async def run(self, turn: TurnInput, journal: Journal, sink: ReplySink) -> TurnResult:
        self.turns.append(turn)
        return await self.script(turn, sink)


class SilentDesk:
    """A desk that takes everything."""

    kind = "silent"

    def __init__(self) -> None:
        self.items: list[DeskItem] = []

    async def send(self, item: DeskItem) -> Sent:
        self.items.append(item)
        return Sent(None)


class MovingClock:
    """Real time, shifted at will."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.shift


class Documents:
    """As much of the knowledge store as the public listener reads."""

    def __init__(self) -> None:
        self.known: dict[str, Document] = {}
        self.newest: tuple[SourceRun, ...] = ()
        self.generation: Generation | None = None
        self.failure: Exception | None = None

    def document(self, tenant: str, document_id: str) -> Document | None:
        if self.failure is not None:
            raise self.failure
        found = self.known.get(document_id)
        return found if found is not None and found.tenant == tenant else None

    def runs(self, tenant: str) -> tuple[SourceRun, ...]:
        return tuple(run for run in self.newest if run.tenant == tenant)

    def live(self, tenant: str) -> Generation | None:
        return self.generation


@dataclass(kw_only=True)
class World:
    """A running server and everything behind it."""

    url: str
    current: Current
    store: SqliteStore
    hub: Hub
    lanes: Lanes
    engine: ScriptedEngine
    desk: SilentDesk
    clock: MovingClock
    documents: Documents
    http: aiohttp.ClientSession

    @property
    def services(self) -> Services:
        return self.current.services

    @property
    def tenant(self) -> TenantServices:
        return self.services.tenants["demo"]

    def set_limits(self, **changes: Any) -> None:
        self.current.services = replace(self.services, limits=replace(self.services.limits, **changes))

    def set_settings(self, account: str = "demo-web", **changes: Any) -> None:
        """Another YAML block for an account, as a reload would bring it."""
        before = self.services.accounts[account]
        made = web_account(account, self.hub, {**before.settings.model_dump(), **changes})
        channels = {**self.services.channels, account: made.channel}
        accounts = {**self.services.accounts, account: made}
        self.current.services = replace(self.services, accounts=accounts, channels=cast("Any", channels))

    async def call(
        self, method: str, path: str, *, token: str | None = None, status: int | None = None, **options: Any
    ) -> Any:
        """One call; the decoded body, checked against ``status``."""
        headers = {**options.pop("headers", {}), **bearer(token)}
        async with self.http.request(method, self.url + path, headers=headers, **options) as response:
            body = await response.json(content_type=None) if response.content_type.endswith("json") else None
            if status is not None:
                assert response.status == status, (response.status, body)
            return body

    async def session(self, **body: Any) -> dict[str, Any]:
        return cast("dict[str, Any]", await self.call("POST", "/v1/web/sessions", json=body, status=200))

    async def chat(
        self, text: str, *, token: str | None = None, headers: dict[str, str] | None = None, **body: Any
    ) -> list[Event]:
        """Ask and read the whole answer."""
        sent = {**bearer(token), **(headers or {})}
        async with self.http.post(self.url + "/chat", json={"user_message": text, **body}, headers=sent) as response:
            assert response.status == 200, await response.text()
            return [event async for event in read_events(response.content)]

    def stream(self, token: str, after: str | None = None) -> Stream:
        return Stream(self, token, after)


class Stream:
    """An open ``/v1/web/stream``; use it as an async context manager."""

    def __init__(self, world: World, token: str, after: str | None) -> None:
        self._world = world
        self._headers = {**bearer(token), **({"Last-Event-ID": after} if after else {})}

    async def __aenter__(self) -> Self:
        self.response = await self._world.http.get(self._world.url + "/v1/web/stream", headers=self._headers)
        assert self.response.status == 200, await self.response.text()
        self._events = read_events(self.response.content)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.response.close()

    async def next(self) -> Event:
        async with asyncio.timeout(WAIT_S):
            return await anext(self._events)

    async def until(self, name: str, **data: Any) -> list[Event]:
        """Events up to one of this name (and with these data), inclusive."""
        seen = []
        while True:
            seen.append(event := await self.next())
            if event.name == name and all(event.data.get(key) == value for key, value in data.items()):
                return seen


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


def one(events: list[Event], name: str) -> Event:
    (found,) = [event for event in events if event.name == name]
    return found


def text_of(events: list[Event]) -> str:
    text = ""
    for event in events:
        if event.name == "token":
            text = event.data["text"] if event.data.get("replace") else text + event.data["text"]
    return text


def web_account(account: str, hub: Hub, settings: dict[str, Any], *, tenant: str = "demo") -> WebAccount:
    model = WebSettings.model_validate(settings)
    channel = plugin.build(channel_context(account=account, tenant=tenant, live=hub), model)
    assert isinstance(channel, WebChannel)
    return WebAccount(id=account, tenant=tenant, name="Larkspur", settings=model, channel=channel)


def _tenant(name: str, store: SqliteStore, clock: MovingClock) -> TenantServices:
    notices = Notices()
    tenant_store = store.for_tenant(name)
    handoff = HandoffService(tenant_store, notices=notices, hours=None, clock=clock)
    return TenantServices(
        id=name,
        name=name.title(),
        store=tenant_store,
        knowledge=cast("Any", None),
        handoff=handoff,
        notices=notices,
        is_staffed=handoff.is_staffed,
    )


async def _listening(app: web.Application) -> tuple[web.AppRunner, str]:
    """Serve on a free loopback port; the runner and its address."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    return runner, f"http://{host}:{port}"


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    settings: dict[str, Any] | None = None,
    others: dict[str, str] | None = None,
    desk_of: Callable[[str, Hub], Desk] | None = None,
) -> AsyncIterator[World]:
    """A server with the account ``demo-web``; ``others`` maps more accounts to their tenants, ``desk_of`` makes their desks."""
    clock, hub, engine, desk, documents = MovingClock(), Hub(), ScriptedEngine(), SilentDesk(), Documents()
    store = SqliteStore(folder / "frontdesk.sqlite3", clock=clock)
    inbox, parked, background = Inbox(store, max_unread=1000), Accounts(clock), Background()
    accounts = {"demo-web": web_account("demo-web", hub, {"allowed_origins": [SITE], **(settings or {})})}
    for account, tenant in (others or {}).items():
        accounts[account] = web_account(account, hub, {}, tenant=tenant)
    tenants = {name: _tenant(name, store, clock) for name in {item.tenant for item in accounts.values()}}
    current = Current(
        Services(
            tenants=tenants,
            channels={key: item.channel for key, item in accounts.items()},
            accounts=accounts,
            people=People(()),
            store=store,
            knowledge_store=cast("KnowledgeStore", documents),
            inbox=inbox,
            intake=Intake(store, inbox, accounts=parked, background=background, clock=clock),
            parked=parked,
            hub=hub,
            limits=Limits(),
            session_secret=SECRET,
            uploads=Uploads(folder / "uploads"),
            base_url="",
            trusted_proxies=(),
            clock=clock,
            new_id=ids.new_id,
        )
    )

    def channels() -> dict[str, Channel]:
        return dict(current.services.channels)

    lane = {
        name: LaneTenant(engine=engine, notices=item.notices, staff=item.router or Always(), history=10)
        for name, item in tenants.items()
    }
    desks = {name: desk_of(name, hub) if desk_of is not None else cast("Desk", desk) for name in tenants}
    lanes = Lanes(store, tenants=lambda: lane, channels=channels, holder="p1", clock=clock, parallel=4)
    delivery = Delivery(
        store, channels=channels, desks=lambda: desks, holder="p1", clock=clock, accounts=parked, parallel=4
    )
    presence = Presence(store, channels=channels, background=background)
    signals = Signals(inbox=inbox, lanes=lanes, delivery=delivery, hub=hub, presence=presence, channels=channels)
    store.observer = signals
    inbox.on_accepted = signals.accepted
    await store.start()
    await delivery.start()
    await lanes.start()
    async with aiohttp.ClientSession(auto_decompress=True) as http:
        runner, url = await _listening(public_app(current, more_routes=webhooks.routes()))
        try:
            yield World(
                url=url,
                current=current,
                store=store,
                hub=hub,
                lanes=lanes,
                engine=engine,
                desk=desk,
                clock=clock,
                documents=documents,
                http=http,
            )
        finally:
            hub.drain()
            await runner.cleanup()
            await lanes.stop(drain_s=5)
            await delivery.stop(drain_s=5)
            await background.stop()
            await store.stop()
