"""nginx as it is shipped, really run: what it passes on, what it refuses, what it does when a replica dies."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from evals.serving import Served, free_port
from gateway.cli.chat_client import read_events
from tests.deploy.proxy import Proxy, nginx
from tests.faults.signed import Signed, headers_of
from tests.flows.company import ACCOUNT, company
from tests.services.server import LOOPBACK
from tests.web.world import names

WAIT_S = 20.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def standing_in(handler: Handler) -> AsyncIterator[int]:
    """A replica that does what the test wants; gives its port."""
    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.fixture
async def caller() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WAIT_S)) as session:
        yield session


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    """Two real ones.  Each has a store of its own, and no knowledge: what is looked at here is what stands before them."""
    folder = tmp_path_factory.mktemp("replicas")
    made = (company(folder / "one", is_synced=False), company(folder / "two", is_synced=False))
    for each in made:
        each.start(wait=False)
    for each in made:
        each.wait_ready()
    yield made
    for each in made:
        each.kill()


@pytest.fixture(scope="module")
def proxy(replicas: tuple[Served, Served]) -> Iterator[Proxy]:
    with nginx([each.port for each in replicas], [each.internal_port for each in replicas]) as made:
        yield made


@pytest.mark.parametrize(
    "path", ["/metrics", "/healthz", "/readyz", "/desk/", "/desk/login", "/admin/kb/status", "/knowledge"]
)
async def test_what_is_internal_is_not_there_for_the_public(
    proxy: Proxy, caller: aiohttp.ClientSession, path: str
) -> None:
    async with caller.get(proxy.url + path) as answer:
        assert answer.status == 404


async def test_the_team_has_the_desk_and_no_metrics(proxy: Proxy, caller: aiohttp.ClientSession) -> None:
    async with caller.get(proxy.desk_url + "/desk/login") as answer:
        assert answer.status == 200 and "password" in await answer.text()
    for path in ("/metrics", "/readyz", "/healthz"):
        async with caller.get(proxy.desk_url + path) as answer:
            assert answer.status == 404
    async with caller.get(proxy.health_url) as answer:
        assert answer.status == 204


async def test_an_answer_comes_through_a_real_replica(proxy: Proxy, caller: aiohttp.ClientSession) -> None:
    async with caller.post(proxy.url + "/chat", json={"user_message": "When is an invoice due?"}) as answer:
        events = [event async for event in read_events(answer.content)]
        assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert names(events)[0] == "session" and names(events)[-1] == "done"
    assert "token" in names(events)


async def announced(url: str, path: str, size: int) -> tuple[int, dict[str, str]]:
    """What is said to a POST that announces a body of this size, before any of it is sent."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(WAIT_S):
        said = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"(?i)content-length: (\d+)", said)
        assert length is not None, said
        body = await reader.readexactly(int(length[1]))
    writer.close()
    await writer.wait_closed()
    assert "application/problem+json" in said
    return int(said.split(" ")[1]), json.loads(body)


async def test_a_large_body_is_refused_like_by_a_replica(proxy: Proxy, replicas: tuple[Served, Served]) -> None:
    by_nginx = await announced(proxy.url, "/chat", 300_000)
    by_replica = await announced(replicas[1].url, "/chat", 300_000)
    assert by_nginx[0] == by_replica[0] == 413
    same = ("type", "title", "status", "code")
    assert [by_nginx[1][key] for key in same] == [by_replica[1][key] for key in same]


async def test_a_file_may_be_larger(proxy: Proxy) -> None:
    assert (await announced(proxy.url, "/v1/web/uploads", 300_000))[0] == 401, "the replica itself asks for the token"
    assert (await announced(proxy.url, "/v1/web/uploads", 12_000_000))[0] == 413


@pytest.fixture
def first(replicas: tuple[Served, Served]) -> Served:
    """The first replica, running; a test may end it, for whatever comes after is answered by the second."""
    if replicas[0].process is None:
        replicas[0].start()
    return replicas[0]


async def test_a_replica_that_drains_is_missed_by_nobody(
    proxy: Proxy, first: Served, caller: aiohttp.ClientSession
) -> None:
    """Vendors send all the time while one replica gets SIGTERM: every event is taken at once, none is refused."""
    numbers = itertools.count()
    statuses: list[int] = []
    is_going, is_over = asyncio.Event(), asyncio.Event()

    async def sending() -> None:
        while not is_over.is_set():
            message = Signed(thread="t", number=next(numbers), text="Hello", sent_at=datetime.now(UTC))
            body = message.body()
            url = f"{proxy.url}/webhooks/{ACCOUNT}"
            async with caller.post(url, data=body, headers=headers_of(body, message_id=message.id)) as answer:
                statuses.append(answer.status)
            if len(statuses) > 20:
                is_going.set()

    async def ending() -> None:
        await is_going.wait()
        assert await asyncio.to_thread(first.stop) == 0
        is_over.set()

    async with asyncio.timeout(WAIT_S * 2), asyncio.TaskGroup() as group:
        for work in (sending(), sending(), ending()):
            group.create_task(work)
    assert len(statuses) > 20 and set(statuses) == {200}


async def test_when_one_is_gone_the_other_answers(
    proxy: Proxy, replicas: tuple[Served, Served], caller: aiohttp.ClientSession
) -> None:
    replicas[0].kill()
    for _ in range(6):
        async with caller.get(proxy.url + "/openapi.json") as answer:
            assert answer.status == 200
    async with caller.post(proxy.url + "/chat", json={"user_message": "When is an invoice due?"}) as answer:
        assert answer.status == 200
        assert names([event async for event in read_events(answer.content)])[-1] == "done"


async def test_without_any_replica_callers_are_told_to_come_again(caller: aiohttp.ClientSession) -> None:
    with nginx([free_port()]) as before:
        async with caller.post(before.url + "/chat", data=b"{}") as answer:
            refused = await answer.json(content_type="application/problem+json")
            assert answer.status == 503 and answer.headers["Retry-After"] == "2" and refused["code"] == "overloaded"


@pytest.mark.parametrize(("method", "path"), [("POST", "/chat"), ("GET", "/v1/web/stream")])
async def test_a_stream_arrives_piece_by_piece(caller: aiohttp.ClientSession, method: str, path: str) -> None:
    received = [asyncio.Event() for _ in range(3)]

    async def writing(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for place, heard in enumerate(received):
            await response.write(b"event: token\ndata: %d\n\n" % place)
            await heard.wait()
        return response

    async with standing_in(writing) as port:
        with nginx([port]) as before:
            async with caller.request(method, before.url + path, data=b"{}") as answer:
                for place, heard in enumerate(received):
                    piece = await answer.content.readuntil(b"\n\n")
                    assert piece == b"event: token\ndata: %d\n\n" % place
                    heard.set()


async def test_an_upgrade_is_passed_on(caller: aiohttp.ClientSession) -> None:
    async def echoing(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data + "!")
        return socket

    async with standing_in(echoing) as port:
        with nginx([port]) as before:
            async with caller.ws_connect(before.url + "/v1/socket") as socket:
                await socket.send_str("hello")
                assert (await socket.receive_str()) == "hello!"


async def test_replicas_see_who_called_and_where(caller: aiohttp.ClientSession) -> None:
    seen: list[web.Request] = []

    async def looking(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(text="seen")

    async with standing_in(looking) as port:
        with nginx([port]) as before:
            headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
            for given in ({}, headers):
                async with caller.get(before.url + "/media/a-signed-link?proof=secret", headers=given) as answer:
                    assert answer.status == 200
            plain, claimed = seen
            assert plain.headers["X-Forwarded-For"] == LOOPBACK and plain.headers["X-Forwarded-Proto"] == "http"
            assert claimed.headers["X-Forwarded-For"] == f"203.0.113.9, {LOOPBACK}", "what they claim comes before"
            assert claimed.headers["X-Forwarded-Proto"] == "https"
            assert plain.headers["Host"] == before.url.removeprefix("http://")
            assert plain.path_qs == "/media/a-signed-link?proof=secret"
            async with asyncio.timeout(WAIT_S):
                while before.log.count('"room":"/media"') < 2:
                    await caller.get(before.health_url)
            assert "secret" not in before.log and "signed-link" not in before.log


async def test_only_what_may_be_repeated_is_sent_again(caller: aiohttp.ClientSession) -> None:
    """A replica that dies with a request in hand: events and reads go to the other one, an order to say something does not."""
    died: list[str] = []
    lived: list[str] = []

    async def dying(request: web.Request) -> web.StreamResponse:
        await request.read()
        died.append(f"{request.method} {request.path}")
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def living(request: web.Request) -> web.Response:
        assert await request.read() == (b"{}" if request.method == "POST" else b"")
        lived.append(f"{request.method} {request.path}")
        return web.Response()

    async def ask(method: str, path: str) -> int:
        """Asked first is the one that dies."""
        with nginx([first, second]) as before:
            async with caller.request(method, before.url + path, data=b"{}" if method == "POST" else None) as answer:
                return answer.status

    async with standing_in(dying) as first, standing_in(living) as second:
        assert await ask("POST", "/webhooks/acme-slack") == 200
        assert await ask("GET", "/openapi.json") == 200
        assert await ask("POST", "/chat") == 503
    assert died == ["POST /webhooks/acme-slack", "GET /openapi.json", "POST /chat"]
    assert lived == ["POST /webhooks/acme-slack", "GET /openapi.json"]
