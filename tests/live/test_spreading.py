"""What one replica publishes the others' watchers hear: in order, once, and with the truth about what may be missing."""

from __future__ import annotations

import asyncio
import secrets
import signal
from functools import partial

import msgspec
import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from core.domain import Owner
from gateway.live import DESK, Subscription
from gateway.spreading.layer import Deadlines
from gateway.spreading.packets import Packet, Packets, installation, read
from gateway.spreading.spread import MOST_WAITING
from tests.live.replicas import Replica, pair, until
from tests.services.server import Server
from tests.services.servers import redis_address


async def falls_behind(watcher: Subscription) -> None:
    """Until the watcher is sent to the store; it goes, and is not behind any more."""
    async with asyncio.timeout(10):
        while not watcher.is_lagging:
            await watcher.wait()
    watcher.is_lagging = False


async def settled(one: Replica, two: Replica) -> None:
    """Until what both told before is heard: they know each other, and no watcher is behind."""
    for teller, hearer in ((one, two), (two, one)):
        teller.hub.publish("t", "settling", "mark", {})
        await until(partial(_has_mark, hearer))
    one.heard.clear()
    two.heard.clear()


def _has_mark(replica: Replica) -> bool:
    return any(event.kind == "mark" for event in replica.heard)


async def test_watchers_at_another_replica_hear_their_conversation_and_their_desk(redis_server: str) -> None:
    async with pair(redis_server) as (one, two), pair(redis_server) as (stranger, _):
        await settled(one, two)
        with (
            two.hub.subscribe("t", "c1") as conversation,
            two.hub.subscribe("t", DESK) as desk,
            two.hub.subscribe("other", DESK) as foreign,
            one.hub.subscribe("t", "c1") as own,
        ):
            one.hub.publish("t", "c1", "commit", {"seq": 1, "owner": Owner.BOT, "consumed": ("e1",)})
            one.hub.publish("t", "c1", "delta", {"turn_id": "t1", "text": "Grüße"})
            one.hub.publish("t", "c2", "commit", {"seq": 7})
            await until(lambda: len(two.heard) == 3)
            first, second = await conversation.wait()
            assert (first.conv, first.kind, first.data) == (
                "c1",
                "commit",
                {"seq": 1, "owner": "bot", "consumed": ["e1"]},
            )
            assert (second.kind, second.data) == ("delta", {"turn_id": "t1", "text": "Grüße"})
            assert [event.conv for event in await desk.wait()] == ["c1", "c1", "c2"]
            assert [event.kind for event in await own.wait()] == ["commit", "delta"], (
                "its own events come back to nobody"
            )
            two.hub.publish("other", "c9", "mark", {})
            await until(lambda: len(one.heard) == 1)
            assert [event.conv for event in await foreign.wait()] == ["c9"]
        assert not stranger.heard, "another installation on the same Redis hears nothing"


async def test_events_of_a_conversation_keep_their_order(redis_server: str) -> None:
    async with pair(redis_server) as (one, two):
        await settled(one, two)
        for number in range(2_000):
            one.hub.publish("t", f"c{number % 7}", "delta", {"number": number})
            if number % 50 == 0:
                await asyncio.sleep(0)
        await until(lambda: len(two.heard) == 2_000)
        assert [event.data["number"] for event in two.heard] == list(range(2_000))


async def test_who_tells_too_much_drops_the_oldest_and_the_others_read_the_store(redis_server: str) -> None:
    async with pair(redis_server) as (one, two):
        await settled(one, two)
        with two.hub.subscribe("t", "quiet") as watcher:
            for number in range(MOST_WAITING + 5):
                one.hub.publish("t", "c", "delta", {"number": number})
            await until(lambda: len(two.heard) == MOST_WAITING)
            assert two.heard[0].data["number"] == 5 and two.heard[-1].data["number"] == MOST_WAITING + 4
            await falls_behind(watcher)


async def test_a_hole_a_replay_and_a_forgery(redis_server: str) -> None:
    secret = secrets.token_bytes(32)
    channel = f"frontdesk:{installation(secret)}:live:1"
    peer, liar = Packets(secret, "r_peer"), Packets(secrets.token_bytes(32), "r_peer")
    async with pair(redis_server, secret=secret) as (_, two), Redis.from_url(redis_server) as redis:
        with two.hub.subscribe("t", "c") as watcher:

            async def say(packet: bytes, *, heard: int) -> None:
                await redis.publish(channel, packet)
                await until(lambda: len(two.heard) >= heard)

            def told(number: int, kind: str = "delta") -> bytes:
                return peer.pack(number, [("t", "elsewhere", kind, {"number": number})])

            await falls_behind(watcher)
            await say(told(1), heard=1)
            await say(told(2), heard=2)
            assert not watcher.is_lagging
            for refused in (told(2), liar.pack(3, [("t", "c", "delta", {})]), b"nonsense", moved(told(3), to=9)):
                await redis.publish(channel, refused)
            await say(told(3), heard=3)
            assert [event.data["number"] for event in two.heard] == [1, 2, 3] and not watcher.is_lagging
            await say(told(5), heard=4)
            await falls_behind(watcher)


def moved(raw: bytes, *, to: int) -> bytes:
    """A packet under another number."""
    packet = read(raw)
    assert packet is not None
    return msgspec.msgpack.encode(Packet(packet.version, packet.sender, to, packet.sealed))


async def test_nothing_of_what_is_said_is_readable_on_the_wire(redis_server: str) -> None:
    secret = secrets.token_bytes(32)
    async with pair(redis_server, secret=secret) as (one, two), Redis.from_url(redis_server) as redis:
        ear = redis.pubsub()
        await ear.subscribe(f"frontdesk:{installation(secret)}:live:1")
        one.hub.publish("tenant-name", "conv-name", "delta", {"text": "a word of somebody"})
        await until(lambda: bool(two.heard))
        seen = b""
        while b"r_" not in seen or len(seen) < 100:
            frame = await ear.get_message(ignore_subscribe_messages=True, timeout=5)
            seen += frame["data"] if frame else b""
        await ear.unsubscribe()
        assert not any(word in seen for word in (b"somebody", b"tenant-name", b"conv-name", b"delta"))


async def test_redis_dies_and_comes_back(own_redis: Server, capsys: pytest.CaptureFixture[str]) -> None:
    async with pair(redis_address(own_redis)) as (one, two):
        await settled(one, two)
        with two.hub.subscribe("t", "c") as watcher:
            own_redis.kill()
            await until(lambda: not one.layer.is_up and not two.layer.is_up)
            assert REGISTRY.get_sample_value("frontdesk_live_up", {"engine": "redis"}) == 0
            for _ in range(3):
                await falls_behind(watcher)
            one.hub.publish("t", "c", "commit", {"seq": 1})
            own_redis.start()
            await until(lambda: one.layer.is_up and two.layer.is_up)
            await settled(one, two)
            one.hub.publish("t", "c", "commit", {"seq": 2})
            await until(lambda: bool(two.heard))
            assert [event.data for event in two.heard] == [{"seq": 2}]
            assert REGISTRY.get_sample_value("frontdesk_live_up", {"engine": "redis"}) == 1
            await until(lambda: REGISTRY.get_sample_value("frontdesk_live_replicas", {"engine": "redis"}) == 1)
    said = capsys.readouterr()
    lines = (said.out + said.err).splitlines()
    assert sum("live_layer_lost" in line for line in lines) == 2, "once per replica"
    assert not any(str(own_redis.port) in line for line in lines)


async def test_a_stalled_redis_holds_up_nobody(own_redis: Server) -> None:
    async with pair(redis_address(own_redis), deadlines=Deadlines()) as (one, two):
        await settled(one, two)
        with two.hub.subscribe("t", "c") as watcher, one.hub.subscribe("t", "c") as local:
            own_redis.send(signal.SIGSTOP)
            for number in range(200):
                one.hub.publish("t", "c", "delta", {"number": number})
            assert (await local.wait())[-1].data == {"number": 199}
            assert await asyncio.wait_for(one.layer.rates.take("k", per_minute=1), 10) is None
            await until(lambda: not two.layer.is_up)
            for _ in range(2):
                await falls_behind(watcher)
            own_redis.send(signal.SIGCONT)
            await until(lambda: one.layer.is_up and two.layer.is_up)
            await settled(one, two)
            async with asyncio.timeout(20):
                while await one.layer.rates.take("k2", per_minute=1) is None:
                    await settled(one, two)


async def test_a_process_starts_and_ends_without_redis(own_redis: Server) -> None:
    own_redis.kill()
    async with pair(redis_address(own_redis), is_up=False) as (one, _):
        with one.hub.subscribe("t", "c") as watcher:
            one.hub.publish("t", "c", "commit", {"seq": 1})
            assert [event.data for event in await watcher.wait() if event.kind == "commit"] == [{"seq": 1}]
        assert not one.layer.is_up
    await one.layer.stop()
