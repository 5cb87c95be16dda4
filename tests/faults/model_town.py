"""A company with a scripted model and the demo shop, whose serving processes keep dying; the shop and the model live on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import aiohttp
import jwt
from aiohttp import web

from gateway.cli.chat_client import Event
from gateway.http.middleware import Handler
from gateway.lab.model import ModelLab, read_script
from gateway.lab.shop import ShopLab
from gateway.lab.shop.lab import KEY as SHOP_KEY
from tests.faults.crowd import LIMIT, Town, Visitor
from tests.flows.company import ACCOUNT, settings, write_articles
from tests.nursery import QuickServed

MODEL_KEY: Final = "a-model-key"
JWT_SECRET: Final = "a shared secret of at least 32 bytes"
REFUND: Final = "Please refund 20 euros for order LK-204519."
RETURNS: Final = "Within how many days can I return goods?"

SCRIPT: Final[Mapping[str, Any]] = {
    "version": 1,
    "keys": [MODEL_KEY],
    "tokens_per_s": 150,
    "rules": [
        {
            "id": "refund",
            "when": {"words": "refund", "offered": "initiate_refund", "no_result_of": "any"},
            "then": {
                "call": {
                    "name": "initiate_refund",
                    "arguments": {"order_id": "LK-204519", "amount": 20, "reason": "broken"},
                }
            },
        },
        {
            "id": "refunded",
            "when": {"result": "refund_id"},
            "then": {
                "text": "The refund for order {{result.order_id}} has been started under {{result.refund_id}}. {{mark}}"
            },
        },
        {
            "id": "returns",
            "when": {"words": "return goods"},
            "then": {
                "text": "You can return goods within 30 days of delivery [1]. Use the return label in your account [1]. "
                "You can return goods within 30 days of delivery, with the label in your account [1]."
            },
        },
    ],
    "default": {"quote": 1},
}


def refund_tool(address: str) -> dict[str, Any]:
    """Money that the contact must agree to."""
    return {
        "name": "initiate_refund",
        "kind": "http",
        "description": "Give money back for one of the customer's own orders.",
        "method": "POST",
        "url": f"{address}/orders/{{order_id}}/refunds",
        "headers": {"X-Customer-Account": "{customer_account}"},
        "parameters": {
            "type": "object",
            "properties": {
                "order_id": {"type": "string", "pattern": "^LK-[0-9]{6}$"},
                "amount": {"type": "number", "exclusiveMinimum": 0},
                "reason": {"type": "string", "minLength": 1, "maxLength": 300},
            },
            "required": ["order_id", "amount", "reason"],
            "additionalProperties": False,
        },
        "bound": {"customer_account": "customer_account"},
        "scopes": ["refunds"],
        "side_effect": "money",
        "confirmation": "customer",
        "confirm": "Shall I refund {amount} for order {order_id}?",
        "limits": {"amount": "amount", "per_call": 50, "per_day": 100},
        "auth": {"bearer": SHOP_KEY},
    }


@dataclass(kw_only=True)
class Known(Visitor):
    """A customer who is signed in, and remembers every preview they saw."""

    seen: list[tuple[str, str]] = field(default_factory=list)
    is_following: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while a stream of this life has told something: whatever is shown from then on is seen."""

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if path == "/v1/web/sessions":
            now = int(time.time())
            claims = {"sub": "kim", "aud": ACCOUNT, "iat": now, "exp": now + 900, "customer_account": "c_1"}
            body = {"jwt": jwt.encode(claims, JWT_SECRET, algorithm="HS256", headers={"kid": "k"})}
        return await super().call(method, path, body)

    async def stream(self, after: str) -> AsyncIterator[Event]:
        try:
            async for event in super().stream(after):
                yield event
        finally:
            self.is_following.clear()

    def _hear(self, event: Event) -> None:
        self.is_following.set()
        if event.name == "message.delta":
            self.seen.append((event.data["turn_id"], event.data["text"]))
        super()._hear(event)

    async def asks(self, text: str) -> dict[str, Any]:
        """Say something, wait for what comes of it: the newest message that is not the contact's."""
        await self.say(text)
        await self.until(self.is_answered)
        return self.shown[-1]

    def check_previews(self) -> None:
        """What was seen growing is the beginning of what stands."""
        final = {view["turn_id"]: view["text"] for view in self.shown if view["role"] == "bot"}
        for turn_id, text in self.seen:
            assert final[turn_id].startswith(text.rstrip()), (text, final[turn_id])


@dataclass(kw_only=True)
class ModelTown:
    """The town, its model and its shop."""

    town: Town
    model: ModelLab
    shop: ShopLab
    visitor: Known


@asynccontextmanager
async def model_town(folder: Path) -> AsyncIterator[ModelTown]:
    """Everything but a life of the serving process."""
    model, shop = ModelLab(read_script(dict(SCRIPT))), ShopLab()
    is_following = asyncio.Event()

    @web.middleware
    async def once_it_is_seen(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Hold the model's answer until the visitor is back: a turn may go on before a reader noticed the new life."""
        await is_following.wait()
        return await handler(request)

    asked = model.app()
    asked.middlewares.append(once_it_is_seen)
    app = web.Application()
    app.add_subapp("/model", asked)
    app.add_subapp("/shop", shop.app())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        town = Town(_served(folder, address))
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=LIMIT) as http:
            visitor = Known(town=town, http=http, rng=Random(1), is_following=is_following)
            try:
                yield ModelTown(town=town, model=model, shop=shop, visitor=visitor)
                visitor.check_watching()
            finally:
                await visitor.leave()
    finally:
        await runner.cleanup()


def _served(folder: Path, address: str) -> QuickServed:
    account = {"jwt_keys": [{"kid": "k", "alg": "HS256", "secret": JWT_SECRET}]}
    block = settings(write_articles(folder / "kb"), account=account)
    role = [{"endpoint": "lab", "model": "any"}]
    block["models"] = {
        "endpoints": {"lab": {"base_url": f"{address}/model/v1", "key": MODEL_KEY}},
        "roles": {"fast": role, "strong": role},
    }
    block["tenants"][0] |= {
        "engine": {"converse": {"fast_path": {"enabled": False}, "cache": {"enabled": False}, "patience_s": 30}},
        "tools": [refund_tool(f"{address}/shop")],
        "tool_scopes": {"verified": ["refunds"]},
    }
    served = QuickServed(folder, block)
    ended = served.command("sync")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return served
