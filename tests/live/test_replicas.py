"""One conversation at two replicas: watched at one and answered at the other, taken over, stopped, and without Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.domain import Audience, Role
from core.ports.engine import Reply, ReplySink, TurnInput, TurnResult
from gateway.speaking import TurnSink
from tests.live.replicas import Replicas, replicas, until
from tests.services.server import Server
from tests.services.servers import redis_address
from tests.web.world import Stream, World, names, result

FIRST, REST = "You have 30 days.", " The shop pays the way back."


async def say(world: World, token: str, text: str, key: str = "m-1") -> None:
    body = {"client_msg_id": key, "text": text}
    await world.call("POST", "/v1/web/messages", token=token, json=body, status=202)


@asynccontextmanager
async def both(address: str, folder: Path) -> AsyncIterator[Replicas]:
    async with replicas(address, folder) as made:
        await until(lambda: all(layer.is_up for layer in made.layers))
        yield made


async def session_of(made: Replicas) -> tuple[str, str]:
    """A visitor's token and conversation."""
    started = await made.first.session()
    return started["session_token"], started["conv_id"]


class Slow:
    """A turn that shows a sentence and waits for a word before the next."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.sink: TurnSink | None = None
        self.was_cancelled = False

    async def __call__(self, turn: TurnInput, sink: ReplySink) -> TurnResult:
        assert isinstance(sink, TurnSink)
        self.sink = sink
        await sink.show(FIRST)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        await sink.show(FIRST + REST)
        return result(Reply(text=FIRST + REST))


async def said_to_contact(world: World, conv: str) -> list[tuple[Role, str]]:
    log = await world.tenant.store.tail(conv, audience=Audience.CONTACT, limit=20)
    return [(message.role, message.text) for message in log]


async def test_a_turn_is_watched_at_the_other_replica_as_it_is_spoken(redis_server: str, tmp_path: Path) -> None:
    async with both(redis_server, tmp_path) as made:
        token, _ = await session_of(made)
        async with made.second.stream(token) as there, made.first.stream(token) as here:
            await say(made.first, token, "how long?")
            told = [await stream.until("message.created", role="bot") for stream in (there, here)]
        spoken = [[e for e in events if e.name.startswith("message")] for events in told]
        assert names(spoken[0]) == ["message.delta", "message.delta", "message.created", "message.created"]
        assert [(e.name, e.data) for e in spoken[0]] == [(e.name, e.data) for e in spoken[1]]


async def test_a_person_who_takes_over_elsewhere_silences_the_turn_at_once(redis_server: str, tmp_path: Path) -> None:
    async with both(redis_server, tmp_path) as made:
        slow = made.first.engine.script = Slow()
        token, conv = await session_of(made)
        async with made.second.stream(token) as stream:
            await say(made.first, token, "how long?")
            await stream.until("message.delta", text=FIRST)
            await made.second.tenant.handoff.claim(conv, agent="Ann", key="k1", takeover=True)
            await until(lambda: slow.sink is not None and slow.sink.is_overtaken)
            slow.go.set()
            seen = await stream.until("message.created", role="bot")
        assert not [event for event in seen if event.name == "message.delta"]
        assert seen[-1].data["text"] == FIRST, "what was shown stays, and no more is said"
        assert (Role.BOT, FIRST + REST) not in await said_to_contact(made.second, conv)


async def test_stop_pressed_at_one_replica_ends_the_turn_at_the_other(redis_server: str, tmp_path: Path) -> None:
    async with both(redis_server, tmp_path) as made:
        slow = made.first.engine.script = Slow()
        token, conv = await session_of(made)
        async with made.second.stream(token) as stream:
            await say(made.first, token, "how long?")
            await stream.until("message.delta", text=FIRST)
            made.signals.stop_turn("demo", conv, before=1)
            seen = await stream.until("message.created", role="bot")
        assert slow.was_cancelled and seen[-1].data["text"] == FIRST


async def test_late_news_of_an_earlier_commit_ends_no_newer_turn(redis_server: str, tmp_path: Path) -> None:
    async with both(redis_server, tmp_path) as made:
        token, conv = await session_of(made)
        async with made.second.stream(token) as stream:
            await answered(made, stream, token, "m-1")
            slow = made.first.engine.script = Slow()
            await say(made.first, token, "and then?", "m-2")
            await stream.until("message.delta", text=FIRST)
            taken = {"seq": 1, "owner": "human", "status": "escalated", "agent": "Ann", "epoch": 7, "consumed": ()}
            made.second.hub.publish("demo", conv, "commit", taken)
            made.signals.stop_turn("demo", conv, before=1)
            async with made.first.stream(token) as here:
                made.second.hub.publish("demo", conv, "typing", {"who": "agent", "active": False})
                await here.until("typing", active=False, who="agent")
            slow.go.set()
            seen = await stream.until("message.created", role="bot")
        assert seen[-1].data["text"] == FIRST + REST and not slow.was_cancelled


async def test_a_logout_ends_the_streams_of_all_replicas(redis_server: str, tmp_path: Path) -> None:
    async with both(redis_server, tmp_path) as made:
        token, _ = await session_of(made)
        async with made.second.stream(token) as stream:
            await stream.until("state")
            await made.first.call("POST", "/v1/web/logout", token=token, status=204)
            assert (await stream.until("bye"))[-1].data == {}


async def answered(made: Replicas, stream: Stream, token: str, key: str) -> list[str]:
    """What the watcher sees of one question until its answer stands in the log."""
    await say(made.first, token, f"how long? {key}", key)
    return names(await stream.until("message.created", role="bot"))


async def test_with_redis_gone_the_answer_comes_and_a_person_still_wins(own_redis: Server, tmp_path: Path) -> None:
    async with both(redis_address(own_redis), tmp_path) as made:
        token, conv = await session_of(made)
        async with made.second.stream(token) as stream:
            assert "message.delta" in await answered(made, stream, token, "m-1")
            own_redis.kill()
            assert "message.delta" not in await answered(made, stream, token, "m-2")
            slow = made.first.engine.script = Slow()
            await say(made.first, token, "and then?", "m-3")
            await until(lambda: slow.sink is not None)
            await made.second.tenant.handoff.claim(conv, agent="Ann", key="k1", takeover=True)
            assert slow.sink is not None and not slow.sink.is_overtaken, "nobody told it; the ledger will"
            slow.go.set()
            await stream.until("state", owner="human", agent="Ann")
            seen = await stream.until("message.created", role="bot")
            assert seen[-1].data["text"].startswith(FIRST)
            own_redis.start()
            await until(lambda: all(layer.is_up for layer in made.layers))
        drafts = await made.first.tenant.store.tail(conv, audience=Audience.DESK, limit=20)
        assert [message.text for message in drafts if message.role is Role.BOT and message.visibility != "contact"]
