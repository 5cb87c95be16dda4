"""Long polling: nothing is lost, nothing is confirmed before it is durable, and who else receives is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from adapters.telegram.channel import PollingTelegramChannel
from adapters.telegram.polling import Poller
from core.domain import InboundEvent
from core.errors import CredentialsInvalid, Overloaded, ProviderUnavailable
from core.inbound import Ignored, Parsed, Respond
from core.ports.channel import SupportsAcknowledging
from gateway.lab.vendor import Fault, Watch
from tests.channels.telegram.world import SECRET, World, head, said, world_of

POLLING = {"mode": "polling", "webhook_secrets": [], "poll_timeout_s": 1}


class Inbox:
    """Accepts, or refuses as long as ``refusals`` last; ``hangs``: what is durable is never reported back."""

    def __init__(self, refusals: int = 0, *, hangs: bool = False) -> None:
        self.items: list[Parsed] = []
        self.hangs = hangs
        self.refusals = refusals
        self.watch = Watch()

    async def accept(self, parsed: Sequence[Parsed]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Overloaded("Too many unread events.")
        self.items += parsed
        self.watch.changed()
        if self.hangs:
            await asyncio.Event().wait()

    def texts(self) -> list[str]:
        return [item.text for item in self.items if isinstance(item, InboundEvent)]

    async def until(self, count: int) -> None:
        await self.watch.until(lambda: len(self.items) >= count)


@asynccontextmanager
async def polled(**changes: object) -> AsyncIterator[World]:
    async with world_of(**{**POLLING, **changes}) as world:
        yield world


@asynccontextmanager
async def receiving(world: World, inbox: Inbox) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(world.channel.receive(inbox.accept))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def quick(world: World) -> tuple[Poller, list[float]]:
    """The channel's poller with pauses that are only written down."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    poller = Poller(
        world.channel._api, world.channel._reader, account="acme-main", hold_s=1, clock=world.clock, sleep=sleep
    )
    return poller, pauses


async def run(poller: Poller, inbox: Inbox, count: int) -> None:
    task = asyncio.create_task(poller.run(inbox.accept))
    try:
        await inbox.until(count)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_was_written_before_the_start_is_not_dropped() -> None:
    async with polled() as world:
        inbox = Inbox()
        await world.lab.say("One")
        await world.lab.say("Two")
        async with receiving(world, inbox):
            await inbox.until(2)
            await world.lab.say("Three")
            await inbox.until(3)
        assert inbox.texts() == ["One", "Two", "Three"]


async def test_an_update_is_confirmed_only_after_it_is_durable() -> None:
    async with polled() as world:
        await world.lab.say("One")
        inbox = Inbox(refusals=2)
        poller, pauses = quick(world)
        await run(poller, inbox, 1)
        assert inbox.texts() == ["One"] and pauses == [1.0, 2.0]
        asked = [call.parameters.get("offset") for call in world.lab.calls if call.method == "getUpdates"]
        assert asked[:3] == [None, None, None]


async def test_a_crash_before_the_next_question_brings_the_same_event_again() -> None:
    async with polled() as world:
        await world.lab.say("One")
        first, second = Inbox(hangs=True), Inbox()
        for inbox in (first, second):
            poller, _ = quick(world)
            await run(poller, inbox, 1)
        one, again = first.items[0], second.items[0]
        assert isinstance(one, InboundEvent) and isinstance(again, InboundEvent) and one.id == again.id


async def test_what_cannot_be_read_does_not_stand_in_the_way() -> None:
    async with polled() as world:
        await world.lab.post({"text": 5})
        await world.lab.say("Two")
        inbox = Inbox()
        async with receiving(world, inbox):
            await inbox.until(2)
        assert inbox.items[0] == Ignored("unreadable") and inbox.texts() == ["Two"]


async def test_kinds_are_listed_and_the_question_is_held_open() -> None:
    async with polled() as world:
        inbox = Inbox()
        async with receiving(world, inbox):
            await world.lab.say("One")
            await inbox.until(1)
        call = next(call for call in world.lab.calls if call.method == "getUpdates")
        assert call.parameters["timeout"] == 1
        assert "message_reaction" in call.parameters["allowed_updates"]


async def test_throttling_is_waited_for_and_faults_are_survived() -> None:
    async with polled() as world:
        world.lab.faults.add(Fault.UNAVAILABLE, on="getUpdates")
        world.lab.faults.add(Fault.LOST_ANSWER, on="getUpdates")
        world.lab.faults.add(Fault.THROTTLED, on="getUpdates")
        await world.lab.say("One")
        inbox = Inbox()
        poller, pauses = quick(world)
        await run(poller, inbox, 1)
        assert inbox.texts() == ["One"] and pauses == [1.0, 2.0, 4.0]


async def test_another_poller_is_named() -> None:
    async with polled() as world:
        inbox = Inbox()
        async with receiving(world, inbox) as task:
            await world.lab.watch.until(lambda: any(call.method == "getUpdates" for call in world.lab.calls))
            other, _ = quick(world)
            second = asyncio.create_task(other.run(inbox.accept))
            done, _ = await asyncio.wait({task, second}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
            second.cancel()
            await asyncio.gather(second, return_exceptions=True)
        errors = [item.exception() for item in done]
        assert errors and all(isinstance(error, ProviderUnavailable) for error in errors)
        assert "only one of them" in str(errors[0])


async def test_a_registered_webhook_is_taken_away_or_named() -> None:
    async with polled() as world:
        world.lab.hook.url = world.webhook_url
        inbox = Inbox()
        async with receiving(world, inbox):
            await world.lab.watch.until(lambda: not world.lab.hook.url)
            await world.lab.say("One")
            await inbox.until(1)
    async with polled(register_webhook=False) as world:
        world.lab.hook.url = world.webhook_url
        with pytest.raises(ProviderUnavailable, match="webhook"):
            await world.channel.receive(Inbox().accept)


async def test_a_refused_token_ends_it() -> None:
    async with polled(token="7000000001:another-token") as world:
        with pytest.raises(CredentialsInvalid):
            await world.channel.receive(Inbox().accept)


async def test_presses_are_acknowledged_by_a_call() -> None:
    async with polled() as world:
        inbox = Inbox()
        home = head(chat=world.lab.person.id, contact=world.lab.person.id)
        await world.send(said("Shall I?", choices=("Yes",)), home)
        async with receiving(world, inbox):
            await world.lab.press(world.lab.messages()[0].ref, "Yes")
            await inbox.until(1)
        assert inbox.texts() == ["Yes"] and not [item for item in inbox.items if isinstance(item, Respond)]
        assert len(world.lab.books.presses) == 1
        assert isinstance(world.channel, PollingTelegramChannel)
        await world.channel.acknowledge(inbox.items[0])
        assert world.lab.books.presses == set()
        await world.channel.acknowledge(Ignored("anything"))


async def test_webhook_presses_need_no_call(world: World) -> None:
    home = head(chat=world.lab.person.id, contact=world.lab.person.id)
    await world.send(said("Shall I?", choices=("Yes",)), home)
    await world.lab.press(world.lab.messages()[0].ref, "Yes")
    assert world.lab.books.presses == set(), "the webhook's own answer stopped the spinner"
    assert not world.channel.is_receiving and not isinstance(world.channel, SupportsAcknowledging)


async def test_registering_tells_telegram_the_address_the_secret_and_the_kinds(world: World) -> None:
    world.lab.hook.url, world.lab.secret = "", "something-else-entirely"
    await world.channel.register()
    assert (world.lab.hook.url, world.lab.secret) == (world.webhook_url, SECRET)
    await world.lab.say("One")
    sent = await world.send(said("Hello"), head(chat=world.lab.person.id, contact=world.lab.person.id))
    await world.lab.react(sent, "👍")
    assert len(world.heard) == 2


async def test_not_registering() -> None:
    async with world_of(register_webhook=False) as world:
        await world.channel.register()
        assert world.lab.calls == []
    async with polled() as world:
        await world.channel.register()
        assert world.lab.calls == []
