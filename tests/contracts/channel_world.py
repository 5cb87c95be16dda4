"""A channel under the contract: built by its plugin as the gateway does, beside its vendor's stand-in on a real socket."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

import msgspec
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict, CIMultiDictProxy

from core.domain import Attachment, Citation, Head, InboundEvent, Message, MessageKind, Role, Visibility
from core.errors import KeysStale
from core.inbound import LinkProof, Parsed
from core.ports.channel import Channel, Closes, Outbound, RawRequest, RefreshesKeys, Sent, Shown
from gateway.lab.vendor import LabMessage, VendorLab
from tests.channels.context import HeldFiles, HeldMemory, channel_context
from tests.contracts.channel_descriptor import (
    ACCOUNT,
    NOW,
    TENANT,
    WEBHOOK_URL,
    ChannelDescriptor,
    Fixture,
    Tag,
    Vendor,
)

PICTURE = Attachment(id="u_" + "0" * 32, name="label.png", media_type="image/png", size_bytes=68)
PICTURE_BODY = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000b49444154789c6360000200000500017a5eab3f"
    "0000000049454e44ae426082"
)


@runtime_checkable
class KnowsItsAddress(Protocol):
    """A stand-in whose webhooks say where to answer."""

    url: str


class Clock:
    """The contract's time."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Lines(logging.Handler):
    """Everything that is logged meanwhile, as text; but for the stand-in's own server."""

    def __init__(self) -> None:
        super().__init__(level=logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("aiohttp."):
            self.lines.append(logging.Formatter("%(message)s").format(record))


def citation(number: int, title: str = "Returns", url: str | None = "https://shop.example/returns") -> Citation:
    return Citation(
        number=number,
        document_id=f"d_{number}",
        external_id=f"{title.lower()}.md",
        source="help",
        chunk_id=f"k{number}",
        title=title,
        url=url,
        heading=title,
        quote="within 30 days",
    )


def message(
    text: str,
    *,
    role: Role = Role.BOT,
    kind: MessageKind = MessageKind.TEXT,
    citations: tuple[Citation, ...] = (),
    choices: tuple[str, ...] = (),
    attachments: tuple[Attachment, ...] = (),
    author: str | None = None,
) -> Message:
    """A message to deliver."""
    return Message(
        id="m_contract",
        conv="c_contract",
        seq=2,
        index=0,
        episode=1,
        role=role,
        kind=kind,
        visibility=Visibility.CONTACT,
        text=text,
        created_at=NOW,
        author=author,
        citations=citations,
        choices=choices,
        attachments=attachments,
    )


@dataclass(slots=True)
class World:
    """One channel; ``lab`` and ``address`` are its stand-in, when it has a vendor."""

    descriptor: ChannelDescriptor
    channel: Channel
    lines: Lines
    address: str = ""
    lab: VendorLab | None = None
    rows: int = 0
    _head: Head | None = field(default=None)

    def request(
        self,
        fixture: Fixture,
        *,
        at: datetime = NOW,
        secret: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> RawRequest:
        """The fixture as the vendor posts it; ``headers`` replace some."""
        filled = replace(fixture, body=fixture.body.replace(b"__VENDOR__", self.address.encode()))
        signed = self.descriptor.sign(filled, at=at, secret=secret or self.descriptor.secrets[0])
        return replace(signed, headers=CIMultiDictProxy(CIMultiDict({**signed.headers, **(headers or {})})))

    async def verify(self, request: RawRequest) -> None:
        """Verify as the webhook stage does: stale keys are refreshed once."""
        try:
            self.channel.verify(request)
        except KeysStale:
            if not isinstance(self.channel, RefreshesKeys):
                raise
            await self.channel.refresh_keys()
            self.channel.verify(request)

    def parse(self, fixture: Fixture, *, at: datetime = NOW) -> tuple[Parsed, ...]:
        """What the fixture means."""
        return self.channel.parse(self.request(fixture, at=at))

    def events(self, fixture: Fixture, *, at: datetime = NOW) -> list[InboundEvent]:
        """The events of the fixture."""
        return events_of(self.parse(fixture, at=at))

    @property
    def opening(self) -> Fixture:
        """The message that opens the conversation."""
        return self.descriptor.tagged(Tag.MESSAGE)[0]

    @property
    def vendor(self) -> Vendor:
        """How to talk to the stand-in."""
        assert self.descriptor.vendor is not None
        return self.descriptor.vendor

    @property
    def stand_in(self) -> VendorLab:
        """The stand-in."""
        assert self.lab is not None
        return self.lab

    def head(self) -> Head:
        """The conversation that the opening message began."""
        if self._head is None:
            (event,) = self.events(self.opening)
            self._head = Head.first(event)
            if self.lab is not None:
                self.vendor.prepare(self.lab, self._head)
        return self._head

    def outbound(self, said: Message, *, reconcile: bool = False, sent_refs: tuple[str, ...] = ()) -> Outbound:
        """A new outbox row for the message; use ``replace`` for its later attempts."""
        self.rows += 1
        head = self.head()
        return Outbound(
            id=f"{head.conv}#{self.rows}#0", head=head, message=said, reconcile=reconcile, sent_refs=sent_refs
        )

    async def send(self, said: Message, *, preview: Shown | None = None) -> Sent:
        """Deliver a message."""
        return await self.channel.send(replace(self.outbound(said), preview=preview))

    def arrived(self) -> list[LabMessage]:
        """What the contact sees of ours at the vendor's, oldest first."""
        there = self.stand_in.messages(self.vendor.room(self.head()))
        return [shown for shown in there if shown.author == "bot" and not shown.is_deleted]


def events_of(parsed: tuple[Parsed, ...]) -> list[InboundEvent]:
    """The events among what a request means, those that bring a link proof too."""
    found = [item.event if isinstance(item, LinkProof) else item for item in parsed]
    return [item for item in found if isinstance(item, InboundEvent)]


def build(descriptor: ChannelDescriptor, address: str, *, webhook_url: str = WEBHOOK_URL) -> Channel:
    """The channel as the composition root makes it; at another ``webhook_url`` it lives by the real clock."""
    clock = Clock() if webhook_url == WEBHOOK_URL else lambda: datetime.now(UTC)
    settings = descriptor.plugin.settings.model_validate(dict(descriptor.settings(address)))
    files = HeldFiles({PICTURE.id: PICTURE_BODY})
    context = channel_context(
        account=ACCOUNT, tenant=TENANT, files=files, memory=HeldMemory(), clock=clock, webhook_url=webhook_url
    )
    return descriptor.plugin.build(context, settings)


@asynccontextmanager
async def world_of(descriptor: ChannelDescriptor, *, is_down: bool = False) -> AsyncIterator[World]:
    """The channel beside its stand-in; ``is_down``: nobody listens at the vendor's address."""
    lab = descriptor.vendor.lab() if descriptor.vendor is not None else None
    server = TestServer(lab.app()) if lab is not None else None
    address = ""
    if server is not None:
        await server.start_server()
        address = str(server.make_url("/")).rstrip("/")
        if isinstance(lab, KnowsItsAddress):
            lab.url = address
    if server is not None and is_down:
        await server.close()
    lines = Lines()
    root = logging.getLogger()
    level = root.level
    root.addHandler(lines)
    root.setLevel(logging.INFO)
    channel = build(descriptor, address)
    try:
        yield World(descriptor=descriptor, channel=channel, lines=lines, address=address, lab=lab)
    finally:
        root.removeHandler(lines)
        root.setLevel(level)
        if isinstance(channel, Closes):
            await channel.close()
        if lab is not None:
            await lab.close()
        if server is not None:
            await server.close()


def is_json(value: object) -> bool:
    """Can it be stored as JSON and come back the same."""
    return bool(msgspec.json.decode(msgspec.json.encode(value)) == value)
