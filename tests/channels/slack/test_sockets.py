"""Socket Mode against the stand-in: acknowledged when durable, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.domain import EventKind, InboundEvent
from core.errors import CredentialsInvalid, StoreUnavailable
from core.inbound import Ignored, Parsed, Respond
from core.ports.channel import SupportsReceiving
from tests.channels.slack import payloads as wire
from tests.channels.slack.world import World, channel, world

SOCKET: dict[str, Any] = {"app_token": "xapp-lab-token", "signing_secrets": [], "team_id": None}


@dataclass
class Taken:
    """What was accepted; ``refuse`` says when the store is full."""

    items: list[Parsed] = field(default_factory=list)
    refuse: Callable[[], bool] = lambda: False
    refused: int = 0

    async def __call__(self, parsed: Sequence[Parsed]) -> None:
        if self.refuse():
            self.refused += 1
            raise StoreUnavailable("full")
        self.items += parsed


@asynccontextmanager
async def receiving(**settings: Any) -> AsyncIterator[tuple[World, Taken]]:
    async with world(**{**SOCKET, **settings}) as slack:
        taken = Taken()
        assert slack.channel.is_receiving
        task = asyncio.create_task(slack.channel.receive(taken))
        try:
            await slack.lab.watch.until(lambda: bool(slack.lab.door.sockets))
            yield slack, taken
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def acknowledged(slack: World, kind: str, payload: dict[str, Any]) -> Any:
    envelope = await slack.lab.send_by_socket(kind, payload)
    await slack.lab.watch.until(lambda: envelope in slack.lab.door.acknowledged)
    return slack.lab.door.acknowledged[envelope]


async def test_events_presses_and_commands_come_by_the_socket() -> None:
    async with receiving() as (slack, taken):
        assert await acknowledged(slack, "events_api", wire.envelope(wire.dm())) is None
        await acknowledged(slack, "interactive", wire.press())
        command = slack.lab.events.command("U0KIM", "/human", "please", "C0LAB")
        answer = await acknowledged(slack, "slash_commands", command)
        assert answer["response_type"] == "ephemeral"
        kinds = [item.kind for item in taken.items if isinstance(item, InboundEvent)]
        assert kinds == [EventKind.MESSAGE, EventKind.MESSAGE, EventKind.HANDOFF_REQUESTED]
        convs = {item.conv for item in taken.items if isinstance(item, InboundEvent)}
        assert len(convs) == 1 and isinstance(taken.items[-1], Respond)
        assert slack.channel.installation == "T0LAB", "the workspace was learnt"


async def test_what_cannot_be_read_is_counted_and_acknowledged() -> None:
    async with receiving() as (slack, taken):
        await acknowledged(slack, "events_api", wire.envelope(wire.dm(user=...)))
        await acknowledged(slack, "something_new", {"a": 1})
        assert taken.items == [Ignored("payload_invalid"), Ignored("unknown_envelope")]


async def test_nothing_is_acknowledged_before_it_is_durable() -> None:
    async with receiving() as (slack, taken):
        taken.refuse = lambda: not taken.refused
        first = await slack.lab.send_by_socket("events_api", wire.envelope(wire.dm()))
        await acknowledged(slack, "events_api", wire.envelope(wire.dm(ts=wire.LATER)))
        assert taken.refused == 1 and len(taken.items) == 1
        assert first not in slack.lab.door.acknowledged


async def test_a_wrong_app_token_is_said() -> None:
    async with world(**{**SOCKET, "app_token": "xapp-wrong"}) as slack:
        assert isinstance(slack.channel, SupportsReceiving)
        with pytest.raises(CredentialsInvalid):
            await slack.channel.receive(Taken())


async def test_without_an_app_token_there_is_no_socket() -> None:
    async with world() as slack:
        assert not slack.channel.is_receiving
        with pytest.raises(CredentialsInvalid):
            await slack.channel.receive(Taken())
    assert not channel().is_receiving
