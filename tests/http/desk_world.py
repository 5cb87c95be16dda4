"""The internal listener's desk beside a running public one: real stages, store and sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Self

import aiohttp
import msgspec
from aiohttp import web

from core.domain import Audience, DeliveryState, Head, Message
from core.ports.store import TenantStore
from gateway.cli.chat_client import Event
from gateway.http import middleware, sse
from gateway.http.desk_page import mount
from gateway.live import Hub
from gateway.services import SERVICES, TenantServices
from handoff.desks.builtin.desk import BuiltinDesk
from handoff.people import People, Person, PersonRole
from handoff.service import HandoffService
from tests.web.world import WAIT_S, World, serving

AGENT, ADMIN = PersonRole.AGENT, PersonRole.ADMIN
PASSWORD = "a long pass phrase"
PEOPLE = (
    Person(
        id="sam", name="Sam Rivers", password=PASSWORD, roles=frozenset({AGENT, ADMIN}), tenants=frozenset({"demo"})
    ),
    Person(id="ana", name="Ana Ruiz", password="another phrase", roles=frozenset({AGENT})),
    Person(id="kim", name="Kim Admin", password="third phrase", roles=frozenset({ADMIN}), tenants=frozenset({"demo"})),
    Person(id="far", name="Fay Far", password="fourth phrase", roles=frozenset({AGENT}), tenants=frozenset({"other"})),
)
SNIPPETS = (("Greeting", "Hello {contact}, this is {agent}."),)


@dataclass(kw_only=True)
class DeskWorld:
    """Both listeners and their people."""

    world: World
    url: str

    @property
    def origin(self) -> str:
        return self.url

    @property
    def store(self) -> TenantStore:
        return self.world.tenant.store

    async def enter(self, person_id: str = "sam") -> Browser:
        """Somebody with a session of their own."""
        browser = Browser(self)
        person = next(p for p in PEOPLE if p.id == person_id)
        answer = await browser.send("POST", "/desk/login", json={"id": person.id, "password": person.password})
        assert answer.status == 200, answer.body
        return browser

    async def contact(self, account: str = "demo-web") -> Contact:
        """A visitor with a session."""
        session = await self.world.session(account=account)
        return Contact(desk=self, token=session["session_token"], conv=session["conv_id"])

    async def head(self, conv: str) -> Head:
        head = await self.store.head(conv)
        assert head is not None
        return head

    async def delivered(self, conv: str, tenant: str = "demo") -> None:
        """Wait until nothing of a conversation waits for delivery any longer."""
        store = self.world.services.tenants[tenant].store
        with self.world.hub.subscribe(tenant, conv) as news:
            async with asyncio.timeout(WAIT_S):
                while any(
                    message.delivery is DeliveryState.PENDING
                    for message in await store.tail(conv, audience=Audience.DESK, limit=20)
                ):
                    await news.wait()

    async def seen_by_contact(self, conv: str) -> tuple[Message, ...]:
        """What the contact reads once all is delivered."""
        await self.delivered(conv)
        return await self.store.transcript(conv, audience=Audience.CONTACT)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the listener answered."""

    status: int
    body: Any
    headers: Any


class Browser:
    """Somebody at the desk: a cookie jar, and the headers their page would send."""

    def __init__(self, desk: DeskWorld) -> None:
        self.desk = desk
        self._keys = count(1)
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    def cookie(self, name: str) -> str:
        return next(item.value for item in self.http.cookie_jar if item.key == name)

    async def send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> Answer:
        """One call as it is, without a redirect followed."""
        own = {"Origin": self.desk.origin} if headers is None else headers
        async with self.http.request(
            method, self.desk.url + path, headers=own, allow_redirects=False, **options
        ) as response:
            raw = await response.read()
            body = msgspec.json.decode(raw) if raw and response.content_type.endswith("json") else raw.decode()
            return Answer(status=response.status, body=body, headers=response.headers)

    async def get(self, path: str, *, status: int = 200, tenant: str | None = "demo", **query: str) -> Any:
        answer = await self.send("GET", f"/desk/api{path}", params=_params(tenant, query))
        assert answer.status == status, (answer.status, answer.body)
        return answer.body

    async def act(self, conv: str, action: str, *, status: int = 200, tenant: str | None = "demo", **body: Any) -> Any:
        """Something done to a conversation, under a fresh key unless one is given."""
        sent = body if action == "typing" else {"key": f"{action}-{next(self._keys)}", **body}
        answer = await self.send(
            "POST", f"/desk/api/conversations/{conv}/{action}", params=_params(tenant, {}), json=sent
        )
        assert answer.status == status, (answer.status, answer.body)
        return answer.body

    async def case(self, conv: str) -> Any:
        return await self.get(f"/conversations/{conv}")


def _params(tenant: str | None, query: dict[str, str]) -> dict[str, str]:
    return query if tenant is None else {"tenant": tenant, **query}


@dataclass(frozen=True, kw_only=True)
class Contact:
    """A visitor and their conversation."""

    desk: DeskWorld
    token: str
    conv: str

    async def ask(self, text: str) -> list[Event]:
        """Say something and wait for the turn's end."""
        return await self.desk.world.chat(text, token=self.token, conv_id=self.conv)

    async def ask_person(self) -> str:
        """Be handed to the queue; the handoff's id."""
        done = await self.desk.world.call(
            "POST", "/v1/web/escalate", token=self.token, json={"client_msg_id": "p1"}, status=200
        )
        handoff_id: str = done["handoff_id"]
        await self.desk.delivered(self.conv)
        return handoff_id

    async def log(self) -> Any:
        """The conversation as its own session reads it, once all is delivered."""
        await self.desk.delivered(self.conv)
        return await self.desk.world.call("GET", f"/conversations/{self.conv}", token=self.token, status=200)


def builtin_desk(tenant: str, hub: Hub) -> Any:
    return BuiltinDesk(tenant, hub)


def _with_people(world: World) -> None:
    def seated(tenant: TenantServices) -> TenantServices:
        handoff = HandoffService(tenant.store, notices=tenant.notices, hours=None, clock=world.clock, snippets=SNIPPETS)
        return replace(tenant, handoff=handoff)

    services = world.services
    tenants = {name: seated(tenant) for name, tenant in services.tenants.items()}
    world.current.services = replace(services, people=People(PEOPLE), tenants=tenants)


def internal_app(world: World) -> web.Application:
    app = web.Application(middlewares=[middleware.errors])
    app[SERVICES] = world.current
    app.on_response_prepare.append(middleware.add_headers)
    app.cleanup_ctx.append(sse.keep_alive_context)
    mount(app)
    return app


@asynccontextmanager
async def second_listener(world: World) -> AsyncIterator[str]:
    """Another replica's internal listener on the same store, which remembers nothing; its address."""
    runner = web.AppRunner(internal_app(world), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, bound = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{bound}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def seated(folder: Path, *, port: int = 0) -> AsyncIterator[DeskWorld]:
    """Both listeners over one store with the tenants ``demo`` and ``other``."""
    async with serving(folder, others={"other-web": "other"}, desk_of=builtin_desk) as world:
        _with_people(world)
        runner = web.AppRunner(internal_app(world), access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        host, bound = runner.addresses[0][:2]
        try:
            yield DeskWorld(world=world, url=f"http://{host}:{bound}")
        finally:
            world.hub.drain()
            await runner.cleanup()
