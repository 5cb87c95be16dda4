"""A Telegram account beside the stand-in on a real socket; what comes in is kept in ``Ear.heard``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict

from adapters.telegram import plugin
from adapters.telegram.channel import TelegramChannel
from adapters.telegram.settings import TelegramSettings
from core.domain import Attachment, Citation, Contact, Head, InboundEvent, Message, MessageKind, Role, Visibility
from core.errors import InboundRejected
from core.inbound import Parsed, Respond
from core.ports.channel import Outbound, RawRequest, Shown
from gateway.lab.telegram import TelegramLab
from tests.channels.context import HeldFiles, HeldMemory, channel_context

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOKEN = "7000000001:lab-telegram-token"
SECRET, OLD_SECRET = "lab-telegram-secret", "an-older-secret-token"
BOT_ID, BOT_NAME = 7_000_000_001, "frontdesk_lab_bot"
ANN_ID = 55
GROUP_ID = -1_001_987_654_321
BASIC_GROUP_ID = -4_321


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def settings(**changes: Any) -> TelegramSettings:
    plain = {
        "token": TOKEN,
        "bot_username": BOT_NAME,
        "webhook_secrets": [SECRET, OLD_SECRET],
        "api_url": "http://127.0.0.1:9",
    }
    return TelegramSettings.model_validate({**plain, **changes})


def channel(
    *,
    files: HeldFiles | None = None,
    memory: HeldMemory | None = None,
    clock: Clock | None = None,
    webhook_url: str | None = None,
    **changes: Any,
) -> TelegramChannel:
    context = channel_context(files=files, memory=memory, clock=clock or Clock(), webhook_url=webhook_url)
    made = plugin.build(context, settings(**changes))
    assert isinstance(made, TelegramChannel)
    return made


def raw(update: Any, *, secret: str | None = SECRET) -> RawRequest:
    body = update if isinstance(update, bytes) else json.dumps(update).encode()
    headers: CIMultiDict[str] = CIMultiDict()
    if secret is not None:
        headers["x-telegram-bot-api-secret-token"] = secret
    return RawRequest(method="POST", path="/webhooks/acme-main", headers=headers, body=body, received_at=NOW)


ANN = {"id": ANN_ID, "is_bot": False, "first_name": "Ann", "last_name": "Lind", "language_code": "en"}
PRIVATE = {"id": ANN_ID, "type": "private", "first_name": "Ann"}
GROUP = {"id": GROUP_ID, "type": "supergroup", "title": "Gardeners", "is_forum": True}


def message_update(update_id: int = 1001, **changes: Any) -> dict[str, Any]:
    plain = {"message_id": 7, "date": 1_795_245_154, "from": ANN, "chat": PRIVATE}
    said = {key: value for key, value in {**plain, **changes}.items() if value is not None}
    return {"update_id": update_id, "message": said}


def parsed(update: Any, **changes: Any) -> Parsed:
    first, *rest = channel(**changes).parse(raw(update))
    assert not [item for item in rest if not isinstance(item, Respond)]
    return first


def event(update: Any, **changes: Any) -> InboundEvent:
    found = parsed(update, **changes)
    assert isinstance(found, InboundEvent), found
    return found


def head(*, chat: int = ANN_ID, contact: int = ANN_ID, conv: str = "c_1", **thread: Any) -> Head:
    return Head(
        tenant="acme",
        conv=conv,
        account="acme-main",
        contact=Contact(id=f"telegram:{contact}", name="Ann"),
        thread={"chat": chat, "contact": contact, **thread},
        created_at=NOW,
        updated_at=NOW,
    )


def said(
    text: str,
    *,
    role: Role = Role.BOT,
    kind: MessageKind = MessageKind.TEXT,
    author: str | None = None,
    citations: Sequence[Citation] = (),
    choices: tuple[str, ...] = (),
    attachments: tuple[Attachment, ...] = (),
) -> Message:
    return Message(
        id="c_1#2#0",
        conv="c_1",
        seq=2,
        index=0,
        episode=1,
        role=role,
        kind=kind,
        visibility=Visibility.CONTACT,
        text=text,
        created_at=NOW,
        author=author,
        citations=tuple(citations),
        choices=choices,
        attachments=attachments,
    )


def outbound(message: Message, to: Head | None = None, **changes: Any) -> Outbound:
    return Outbound(
        id="c_1#2#0", head=to or head(), message=message, reconcile=changes.pop("reconcile", False), **changes
    )


def shown(text: str, ref: str | None) -> Shown:
    return Shown(text=text, ref=ref)


@dataclass(slots=True)
class World:
    """The channel, its stand-in, and an ear at the webhook's address; ``refuse_with`` is what the ear answers."""

    lab: TelegramLab
    channel: TelegramChannel
    clock: Clock
    files: HeldFiles
    memory: HeldMemory
    webhook_url: str
    heard: list[tuple[Parsed, ...]] = field(default_factory=list)
    refuse_with: int | None = None

    def events(self) -> list[InboundEvent]:
        return [item for parsed in self.heard for item in parsed if isinstance(item, InboundEvent)]

    async def send(self, message: Message, to: Head | None = None, **changes: Any) -> str:
        sent = await self.channel.send(outbound(message, to, **changes))
        assert sent.vendor_ref is not None
        return sent.vendor_ref

    async def receive(self, request: web.Request) -> web.Response:
        if self.refuse_with is not None:
            return web.Response(status=self.refuse_with)
        got = RawRequest(
            method=request.method,
            path=request.raw_path,
            headers=request.headers,
            body=await request.read(),
            received_at=self.clock(),
        )
        try:
            self.channel.verify(got)
            result = tuple([await self.channel.placed(item) for item in self.channel.parse(got)])
        except InboundRejected as error:
            return web.Response(status=error.status)
        self.heard.append(result)
        answers = [item for item in result if isinstance(item, Respond)]
        return web.Response(body=answers[0].body if answers else b"{}", content_type="application/json")


@asynccontextmanager
async def world_of(**changes: Any) -> AsyncIterator[World]:
    clock = Clock()
    lab = TelegramLab(token=TOKEN, username=BOT_NAME, secret=SECRET, clock=clock)
    vendor = TestServer(lab.app())
    await vendor.start_server(access_log=None)
    ear = TestServer(app := web.Application())
    worlds: list[World] = []

    async def receive(request: web.Request) -> web.Response:
        return await worlds[0].receive(request)

    app.router.add_post("/webhooks/acme-main", receive)
    await ear.start_server(access_log=None)
    url = str(ear.make_url("/webhooks/acme-main"))
    files, memory = HeldFiles(), HeldMemory()
    made = channel(
        files=files,
        memory=memory,
        clock=clock,
        webhook_url=url,
        **{"api_url": str(vendor.make_url("/")).rstrip("/"), **changes},
    )
    world = World(lab=lab, channel=made, clock=clock, files=files, memory=memory, webhook_url=url)
    worlds.append(world)
    if not made.is_receiving:
        lab.hook.url = url
    try:
        yield world
    finally:
        await made.close()
        await lab.close()
        await ear.close()
        await vendor.close()
