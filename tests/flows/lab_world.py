"""The demo company on a real ``frontdesk serve``; the lab's models, shop and vendors are served by the test, so that they outlive
it when it is killed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp
import jwt
import msgspec
from aiohttp import web

from evals.chat import sse
from evals.serving import Served, free_port
from gateway.cli.why import find
from gateway.compose import load_settings, open_store
from gateway.lab.backstage import told
from gateway.lab.model import ModelLab
from gateway.lab.model.script import Rule
from gateway.lab.shop import ShopLab
from gateway.lab.shop.seed import seeded
from gateway.lab.stand_ins import Played, StandIns
from tests.browser.demo import settings as demo_settings
from tests.flows.company import PASSWORD
from tests.nursery import QuickServed

TENANT: Final = "demo"
WEB: Final = "demo-web"
LIMIT_S: Final = 30.0
RECOVERY_S: Final = 60.0
"""A killed server starts again and finds what it left, on a busy machine."""

BRISK_PER_S: Final = 3_000.0
IDENTITY_SECRET: Final = "lab-identity-secret-that-opens-nothing"

CALLBACK: Final[dict[str, Any]] = {
    "name": "request_callback",
    "kind": "http",
    "description": "Note that somebody shall call the contact back.",
    "method": "POST",
    "parameters": {
        "type": "object",
        "properties": {"about": {"type": "string", "minLength": 1, "maxLength": 200}},
        "required": ["about"],
        "additionalProperties": False,
    },
    "bound": {"contact": "contact"},
    "headers": {"X-Contact": "{contact}"},
    "body": {"about": "{about}"},
    "scopes": ["callbacks"],
    "verification": "anonymous",
    "side_effect": "write",
    "confirmation": "customer",
    "confirm": "Shall I note a callback about {about}?",
}
"""The one tool that needs no sign-in, so that buttons and numbers can be pressed and typed on every channel."""

CALLBACK_RULES: Final[list[dict[str, Any]]] = [
    {
        "id": "callback",
        "when": {"words": "note a callback", "offered": "request_callback", "no_result_of": "request_callback"},
        "then": {"call": {"name": "request_callback", "arguments": {"about": "my hedge trimmer"}}},
    },
    {
        "id": "called-back",
        "when": {"result": '"callback_id"'},
        "then": {"text": "Your callback is noted under {{result.callback_id}}. {{mark}}"},
    },
]


@dataclass(kw_only=True)
class Callbacks:
    """Somebody else's API: the callbacks that were asked for, once for each idempotency key."""

    made: dict[str, str] = field(default_factory=dict)

    async def note(self, request: web.Request) -> web.Response:
        """Note one."""
        contact = self.made.setdefault(request.headers["Idempotency-Key"], request.headers["X-Contact"])
        return web.json_response({"callback_id": f"CB-{len(self.made)}", "for": contact})


@dataclass(kw_only=True)
class LabWorld:
    """What the tests hold in hand."""

    served: Served
    model: ModelLab
    shop: ShopLab
    phones: Mapping[str, Played]
    callbacks: Callbacks
    http: aiohttp.ClientSession

    def reset(self) -> None:
        """The shop as it was, the models in good health."""
        self.shop.database = seeded(self.shop.database._now)
        self.shop.troubles.clear()
        self.model.calm()

    @property
    def effects(self) -> list[tuple[str, str, str]]:
        """What changed at the shop: operation, customer, order."""
        return [(one["operation"], one["customer"], one["order_id"]) for one in self.shop.database.effects]

    @property
    def refunded(self) -> dict[str, int]:
        """Cents given back, by order."""
        return {order.id: order.refunded_cents for order in self.shop.database.orders.values() if order.refunds}

    async def visitor(self, customer: str | None = None) -> Visitor:
        """Somebody who opens the web chat, signed in as a customer of the shop or not at all."""
        body: dict[str, Any] = {"account": WEB}
        if customer is not None:
            body["jwt"] = _proof(customer)
        async with self.http.post(f"{self.served.url}/v1/web/sessions", json=body) as response:
            assert response.status == 200, await response.text()
            session = await response.json()
        return Visitor(world=self, token=session["session_token"], conv=session["conv_id"])

    async def trace(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """The record of the turn behind a message, as the operator's own command finds it."""
        settings = load_settings(self.served.config)
        async with open_store(settings) as store:
            found = await find(store, [TENANT], str(message["id"]))
        assert not isinstance(found, str), found
        trace: dict[str, Any] = msgspec.to_builtins(found)
        return trace


def _proof(customer: str) -> str:
    """As the shop's own server signs it; each visit is a person of their own who shops on that account."""
    now = int(time.time())
    claims = {
        "sub": f"{customer}-{uuid4().hex}",
        "customer_account": customer,
        "aud": WEB,
        "iat": now,
        "exp": now + 600,
    }
    return jwt.encode(claims, IDENTITY_SECRET, algorithm="HS256", headers={"kid": "lab"})


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a question got: the whole reply, what else was told on the way, and the message as the transcript has it."""

    text: str
    sources: tuple[str, ...]
    tools: tuple[tuple[str, str], ...]
    events: tuple[str, ...]
    owner: str
    seconds: float
    last: dict[str, Any]

    @property
    def choices(self) -> list[str]:
        """The buttons below it."""
        choices: list[str] = self.last["choices"]
        return choices

    @property
    def yes(self) -> str:
        """The button that agrees."""
        return next(choice for choice in self.choices if choice.startswith(("Yes", "Ja")))


@dataclass(kw_only=True)
class Visitor:
    """Somebody at the web chat."""

    world: LabWorld
    token: str
    conv: str

    @property
    def headers(self) -> dict[str, str]:
        """Their session."""
        return {"Authorization": f"Bearer {self.token}"}

    async def asks(self, text: str) -> Said:
        """Say something, and read until the turn is over."""
        started = time.monotonic()
        words, owner = "", ""
        sources: list[str] = []
        tools: list[tuple[str, str]] = []
        names: list[str] = []
        url, body = f"{self.world.served.url}/chat", {"user_message": text}
        async with asyncio.timeout(LIMIT_S), self.world.http.post(url, json=body, headers=self.headers) as response:
            assert response.status == 200, await response.text()
            async for name, data in sse(response):
                names.append(name)
                if name == "token":
                    words = data["text"] if data.get("replace") else words + data["text"]
                elif name == "cited_sources":
                    sources += [source["title"] for source in data["sources"]]
                elif name == "tool_call":
                    tools.append((data["name"], data["state"]))
                elif name == "done":
                    owner = data["owner"]
                    break
        return Said(
            text=words,
            sources=tuple(sources),
            tools=tuple(tools),
            events=tuple(names),
            owner=owner,
            seconds=time.monotonic() - started,
            last=(await self.messages())[-1],
        )

    async def messages(self) -> list[dict[str, Any]]:
        """All that was said, as the contact may read it."""
        read = await self.call("GET", f"/conversations/{self.conv}")
        messages: list[dict[str, Any]] = read["messages"]
        return messages

    async def call(self, method: str, path: str, **body: Any) -> Any:
        """One call of the web API."""
        url = self.world.served.url + path
        async with self.world.http.request(method, url, json=body or None, headers=self.headers) as response:
            assert response.status < 300, (path, response.status, await response.text())
            return await response.json(content_type=None)

    async def sees(self, happened: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Follow the stream until the transcript is as wished; a server that is away is waited for."""
        async with asyncio.timeout(RECOVERY_S):
            while True:
                try:
                    async with self.world.http.get(
                        f"{self.world.served.url}/v1/web/stream", headers=self.headers
                    ) as response:
                        async for name, _ in sse(response):
                            if name in ("message.created", "state") and happened(found := await self.messages()):
                                return found
                except (aiohttp.ClientError, OSError):
                    await asyncio.sleep(0.05)


@asynccontextmanager
async def lab_world(folder: Path) -> AsyncIterator[LabWorld]:
    """Everything, serving."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    environ = {"FRONTDESK_LAB_PORT": str(port), "FRONTDESK_DEMO_PASSWORD": PASSWORD}
    served = QuickServed(folder, _settings(origin), environ=environ)
    ended = await asyncio.to_thread(served.command, "sync")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    stand_ins = StandIns(origin, run=int(time.time()))
    phones = dict(_phones(stand_ins, served))
    model, shop, callbacks = _model(), ShopLab(), Callbacks()
    app = web.Application()
    app.add_routes([web.post("/callbacks", callbacks.note)])
    for prefix, part in {"/model": model.app(), "/shop": shop.app(), **stand_ins.mounted}.items():
        app.add_subapp(prefix, part)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        await asyncio.to_thread(served.start)
        async with aiohttp.ClientSession() as http:
            yield LabWorld(served=served, model=model, shop=shop, phones=phones, callbacks=callbacks, http=http)
    finally:
        served.kill()
        for played in phones.values():
            await played.lab.close()
        await runner.cleanup()


def _settings(origin: str) -> dict[str, Any]:
    """The demo's own YAML, and one tool more that nobody has to sign in for."""
    made = demo_settings()
    tenant = made["tenants"][0]
    tenant["tools"].append({**CALLBACK, "url": f"{origin}/callbacks"})
    tenant["tool_scopes"]["anonymous"] = ["callbacks"]
    tenant["accounts"] = [one for one in tenant["accounts"] if one["channel"] in ("web", "telegram", "sms")]
    return made


def _phones(stand_ins: StandIns, served: Served) -> Mapping[str, Played]:
    """Telegram and SMS, with the credentials that the YAML names."""
    made = {}
    raw = json.loads(
        served.config.read_text().replace("${FRONTDESK_LAB_PORT:-8090}", stand_ins.origin.rpartition(":")[2])
    )
    for account in raw["tenants"][0]["accounts"]:
        if account["channel"] == "web":
            continue
        url = f"{served.url}/webhooks/{account['id']}"
        played = stand_ins.play(account["channel"], {"mode": "webhook", **account}, webhook_url=url)
        assert played is not None, account["id"]
        made[account["channel"]] = played
    settings = json.loads(served.config.read_text())
    settings["server"]["public"]["base_url"] = served.url
    served.write(settings)
    return made


def _model() -> ModelLab:
    script = told(BRISK_PER_S)
    more = msgspec.convert(CALLBACK_RULES, list[Rule])
    return ModelLab(msgspec.structs.replace(script, rules=[*more, *script.rules]))
