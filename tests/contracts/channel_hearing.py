"""VendorContract, second part: what the contact does in the vendor's app arrives, by the vendor's own webhooks over a socket."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.domain import Head, InboundEvent
from core.errors import DeliveryError, MessageRejected
from core.inbound import Parsed, Respond
from core.ports.channel import (
    Channel,
    Closes,
    Level,
    Outbound,
    RawRequest,
    RefreshesKeys,
    SupportsDoctor,
    SupportsMedia,
)
from tests.contracts.channel_proof import needs
from tests.contracts.channel_world import PICTURE, PICTURE_BODY, World, build, events_of, message


@dataclass(slots=True)
class Ear:
    """Receives the stand-in's webhooks as the gateway does, without storing anything."""

    world: World
    channel: Channel
    heard: list[tuple[Parsed, ...]] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        """One webhook call: verify, parse, answer."""
        raw = RawRequest(
            method=request.method,
            path=request.raw_path,
            headers=request.headers,
            body=await request.read(),
            received_at=datetime.now(UTC),
        )
        if isinstance(self.channel, RefreshesKeys) and not self.heard:
            await self.channel.refresh_keys()
        self.channel.verify(raw)
        parsed = self.channel.parse(raw)
        self.heard.append(parsed)
        body = [item for item in parsed if isinstance(item, Respond)]
        return web.Response(body=body[0].body, content_type=body[0].media_type) if body else web.Response()

    def events(self) -> list[InboundEvent]:
        """All events so far."""
        return [event for parsed in self.heard for event in events_of(parsed)]


@asynccontextmanager
async def listening(world: World) -> AsyncIterator[Ear]:
    """The channel at an address that the stand-in posts to."""
    app = web.Application()
    server = TestServer(app)
    ears: list[Ear] = []

    async def receive(request: web.Request) -> web.Response:
        return await ears[0].receive(request)

    app.router.add_post("/webhooks/acme-main", receive)
    await server.start_server()
    url = str(server.make_url("/webhooks/acme-main"))
    world.stand_in.hook.url = url
    ears.append(Ear(world, build(world.descriptor, world.address, webhook_url=url)))
    try:
        yield ears[0]
    finally:
        if isinstance(ears[0].channel, Closes):
            await ears[0].channel.close()
        await server.close()


class HearingScenarios:
    """The stand-in's own webhooks, and the calls back."""

    async def test_what_the_contact_writes_arrives(self, world: World) -> None:
        async with listening(world) as ear:
            answer = await world.stand_in.say("Where is my order? Größe 👍")
            assert answer.status == 200
            (event,) = ear.events()
            assert event.text == "Where is my order? Größe 👍" and event.contact is not None

    async def test_a_reply_reaches_the_contact_who_wrote(self, world: World) -> None:
        async with listening(world) as ear:
            await world.stand_in.say("Where is my order?")
            head = Head.first(ear.events()[0])
            await ear.channel.send(_row(head, "On its way."))
            assert [shown.text for shown in world.stand_in.messages() if "On its way" in shown.text]

    async def test_a_webhook_delivered_twice_is_one_event(self, world: World) -> None:
        async with listening(world) as ear:
            world.stand_in.hook.duplicate_next = 1
            await world.stand_in.say("Where is my order?")
            first, second = ear.events()
            assert first.id == second.id

    async def test_two_messages_are_two_events_in_order(self, world: World) -> None:
        async with listening(world) as ear:
            await world.stand_in.say("One")
            await world.stand_in.say("Two")
            one, two = ear.events()
            assert one.id != two.id and one.conv == two.conv and one.order < two.order

    async def test_a_pressed_choice_arrives_as_its_label(self, world: World) -> None:
        async with listening(world) as ear:
            labels = ("Yes, please", "No, thanks")[: world.channel.capabilities.max_choices]
            needs(bool(labels), "the channel has no choices")
            await world.stand_in.say("Where is my order?")
            head = Head.first(ear.events()[0])
            await ear.channel.send(_row(head, "Shall I send it?", labels))
            shown = [item for item in world.stand_in.messages() if item.author == "bot"][-1]
            assert labels[0] in (*shown.choices, *re.split(r"\n|\d\) ", shown.text)), (
                "the contact must see what to press"
            )
            answer = await world.stand_in.press(shown.ref, labels[0])
            assert answer.status == 200
            assert ear.events()[-1].text in (labels[0], "1") and ear.events()[-1].conv == head.conv

    async def test_a_file_can_be_fetched(self, world: World) -> None:
        needs(world.channel.capabilities.files_in, "the channel takes no files")
        async with listening(world) as ear:
            await world.stand_in.attach(PICTURE.name, PICTURE.media_type, PICTURE_BODY, text="See here")
            (attachment,) = [item for event in ear.events() for item in event.attachments]
            assert isinstance(ear.channel, SupportsMedia)
            fetched = await ear.channel.fetch(attachment, limit_bytes=10_000)
            assert fetched.body == PICTURE_BODY
            with pytest.raises(MessageRejected):
                await ear.channel.fetch(attachment, limit_bytes=len(PICTURE_BODY) - 1)

    async def test_a_file_elsewhere_is_not_fetched(self, world: World) -> None:
        needs(world.channel.capabilities.files_in, "the channel takes no files")
        async with listening(world) as ear:
            await world.stand_in.attach(PICTURE.name, PICTURE.media_type, PICTURE_BODY)
            (attachment,) = [item for event in ear.events() for item in event.attachments]
            assert isinstance(ear.channel, SupportsMedia) and attachment.origin
            for origin in ("", "{}", "null", '{"url": "http://169.254.169.254/x"}', "[1]", "x" * 3_000):
                with pytest.raises(DeliveryError):
                    await ear.channel.fetch(replace(attachment, origin=origin), limit_bytes=10_000)

    async def test_the_doctor_finds_a_good_account_good(self, world: World) -> None:
        assert isinstance(world.channel, SupportsDoctor)
        findings = await world.channel.examine()
        assert findings and all(finding.check and finding.what for finding in findings)
        assert any(finding.level is Level.OK for finding in findings)
        written = repr(findings)
        assert not [secret for secret in (*world.vendor.secrets, *world.descriptor.secrets) if secret in written]

    async def test_the_doctor_survives_a_vendor_that_is_down(self, world: World) -> None:
        channel = build(world.descriptor, "http://127.0.0.1:9")
        assert isinstance(channel, SupportsDoctor) and isinstance(channel, Closes)
        try:
            findings = await channel.examine()
        finally:
            await channel.close()
        assert any(finding.level is Level.FAILURE and finding.mend for finding in findings)

    async def test_closing_is_safe_at_any_time(self, world: World) -> None:
        channel = build(world.descriptor, world.address)
        assert isinstance(channel, Closes)
        await channel.close()
        await channel.close()


def _row(head: Head, text: str, choices: tuple[str, ...] = ()) -> Outbound:
    return Outbound(id=f"{head.conv}#9#0", head=head, message=message(text, choices=choices), reconcile=False)
