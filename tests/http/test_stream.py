"""``GET /v1/web/stream``: nothing missed, nothing repeated, over lost connections, takeovers and drains."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aiohttp import web

from core.ports.engine import Reply, ReplySink, TurnInput, TurnResult
from gateway.http.sse import KEEP_ALIVE_S, PING, KeepAlive, StreamClosed, open_stream
from gateway.live import Hub
from tests.web.world import World, bearer, names, result


async def say(world: World, token: str, text: str, key: str) -> None:
    body = {"client_msg_id": key, "text": text}
    await world.call("POST", "/v1/web/messages", token=token, json=body, status=202)


async def test_a_story_is_told_in_order(world: World) -> None:
    token = (await world.session())["session_token"]
    async with world.stream(token) as stream:
        assert (await stream.next()).data == {
            "owner": "bot", "status": "active", "agent": None, "staffed": True, "csat": None,
        }  # fmt: skip
        await say(world, token, "how long?", "m-1")
        events = await stream.until("message.created", role="bot")
    told = [event for event in events if event.name != "typing"]
    assert names(told) == ["message.delta", "message.delta", "message.created", "message.created"]
    first, second, question, reply = told
    assert second.data["text"].startswith(first.data["text"]) and second.data["blocks"]
    assert first.data["turn_id"] == reply.data["turn_id"]
    assert (question.id, reply.id) == ("1.0", "1.1") and reply.data["citations"][0]["number"] == 1
    assert events[0].name == "typing" and events[0].data == {"who": "bot", "active": True}


async def test_a_lost_connection_misses_and_repeats_nothing(world: World) -> None:
    token = (await world.session())["session_token"]
    seen: list[tuple[str, str]] = []
    position = None
    for number in range(5):
        async with world.stream(token, position) as stream:
            await say(world, token, f"question {number}", f"m-{number}")
            # Leave in the middle: after the question, before or after the reply.
            for event in await stream.until("message.created", role="contact" if number % 2 else "bot"):
                if event.id is not None:
                    seen.append((event.data["role"], event.data["id"]))
                    position = event.id
    async with world.stream(token, position) as stream:
        # Two questions that wait together share a turn, so only the questions can be counted.
        while [role for role, _ in seen].count("contact") < 5 or seen[-1][0] != "bot":
            event = await stream.next()
            if event.id is not None:
                seen.append((event.data["role"], event.data["id"]))
    assert len(seen) == len(set(seen))
    async with world.stream(token) as stream:
        whole = [await stream.next() for _ in range(len(seen) + 1)]
    assert [(event.data["role"], event.data["id"]) for event in whole if event.id is not None] == seen


async def test_the_query_names_a_position_too_and_an_unknown_one_resets(world: World) -> None:
    token = (await world.session())["session_token"]
    async with world.stream(token) as stream:
        await say(world, token, "hi", "m-1")
        await stream.until("message.created", role="bot")
    async with world.http.get(world.url + "/v1/web/stream?after=1.1", headers=bearer(token)) as response:
        assert response.status == 200
        assert b"message.created" not in await response.content.readuntil(b"event: state\n")
        response.close()
    for unknown in ("99.0", "nonsense", "1"):
        async with world.stream(token, unknown) as stream:
            assert [(await stream.next()).name for _ in range(3)] == ["reset", "state", "message.created"]


async def test_what_people_do_is_seen_at_once(world: World) -> None:
    started = await world.session()
    token, conv = started["session_token"], started["conv_id"]
    async with world.stream(token) as stream:
        await say(world, token, "a person, please", "m-1")
        await stream.until("state", owner="queue")
        await world.tenant.handoff.claim(conv, agent="Sam", key="c")
        claimed = await stream.until("state", owner="human")
        assert claimed[-1].data["agent"] == "Sam"
        world.hub.publish("demo", conv, "typing", {"who": "agent", "active": True})
        assert (await stream.until("typing", who="agent"))[-1].data == {"who": "agent", "active": True}
        await world.tenant.handoff.note(conv, agent="Sam", text="never shown", key="n")
        await world.tenant.handoff.reply(conv, agent="Sam", text="Hello from *Sam*", key="r")
        reply = (await stream.until("message.created", role="agent"))[-1].data
        assert reply["author"] == "Sam" and reply["text"] == "Hello from Sam"
        await world.tenant.handoff.resolve(conv, agent="Sam", key="x")
        events = await stream.until("message.created", kind="csat_request")
    assert "never shown" not in str(events)


async def test_a_muted_turn_shows_no_more_and_its_rest_stays_private(world: World) -> None:
    may_go_on = asyncio.Event()

    async def slow(turn: TurnInput, sink: ReplySink) -> TurnResult:
        await sink.show("Shown.")
        await may_go_on.wait()
        await sink.show("Shown. Private.")
        return result(Reply(text="Shown. Private."))

    world.engine.script = slow
    started = await world.session()
    async with world.stream(started["session_token"]) as stream:
        await say(world, started["session_token"], "hi", "m-1")
        await stream.until("message.delta")
        await world.tenant.handoff.claim(started["conv_id"], agent="Sam", key="c")
        may_go_on.set()
        events = await stream.until("message.created", role="bot")
    assert events[-1].data["text"] == "Shown." and events[-1].data["interrupted"]
    assert "Private" not in str(events)


async def test_the_bot_stops_typing_when_nothing_is_said(world: World) -> None:
    async def silent(turn: TurnInput, sink: ReplySink) -> TurnResult:
        return result()

    world.engine.script = silent
    token = (await world.session())["session_token"]
    async with world.stream(token) as stream:
        await say(world, token, "hi", "m-1")
        assert (await stream.until("typing", active=True))[-1].data["who"] == "bot"
        assert (await stream.until("typing", active=False))[-1].data["who"] == "bot"


async def test_a_drain_says_goodbye(world: World) -> None:
    token = (await world.session())["session_token"]
    async with world.stream(token) as stream:
        await stream.until("state")
        world.hub.drain()
        assert (await stream.next()).name == "bye"


async def test_a_stream_ends_with_its_token(world: World) -> None:
    started = await world.session()
    async with world.stream(started["session_token"]) as stream:
        await stream.until("state")
        world.clock.shift += timedelta(hours=1, seconds=1)
        world.hub.publish("demo", started["conv_id"], PING.kind, {})
        assert (await stream.next()).name == "bye"


async def test_one_visitor_cannot_hold_all_streams(world: World) -> None:
    token = (await world.session())["session_token"]
    responses = [await world.http.get(world.url + "/v1/web/stream", headers=bearer(token)) for _ in range(13)]
    assert [response.status for response in responses] == [200] * 12 + [429]
    for response in responses:
        response.close()
    world.set_limits(streams=0)
    refused = await world.call("GET", "/v1/web/stream", token=token, status=503)
    assert refused["code"] == "overloaded"


async def test_every_stream_is_pinged_once_in_twenty_seconds() -> None:
    hub, keep_alive = Hub(), KeepAlive()
    subscriptions = [hub.subscribe("demo", f"c_{number}") for number in range(50)]
    contexts = [
        keep_alive.watching(subscription, limit=50, of=f"c_{n}") for n, subscription in enumerate(subscriptions)
    ]
    for context in contexts:
        context.__enter__()
    for second in range(KEEP_ALIVE_S):
        keep_alive.tick(second)
    assert [await subscription.wait() for subscription in subscriptions] == [(PING,)] * 50
    for context in contexts:
        context.__exit__(None, None, None)
    assert keep_alive.open_count == 0


async def test_a_reader_who_reads_nothing_is_dropped() -> None:
    """Frames are written until the socket is full; then the writer gives up instead of waiting for ever."""
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def endless(request: web.Request) -> web.StreamResponse:
        out = await open_stream(request, write_limit_s=0.05)
        written = 0
        try:
            while True:
                await out.write(b": " + b"x" * 65_536 + b"\n\n")
                written += 1
        except StreamClosed:
            ended.set_result(written)
        return out.response

    app = web.Application()
    app.router.add_get("/", endless)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _reader, writer = await asyncio.open_connection(*runner.addresses[0][:2], limit=1024)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    async with asyncio.timeout(10):
        assert await ended > 0
    writer.close()
    await runner.cleanup()
