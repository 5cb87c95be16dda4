"""Webhooks before the application: over a real socket, and not to be told from the usual way."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from adapters.web.signature import sign
from core.inbound import Ignored
from core.ports.channel import RawRequest
from evals.serving import Served
from gateway.http.express import Express
from gateway.services import Current, Limits, Services
from tests.nursery import QuickServed

KEY = b"k" * 32
PATH = "/webhooks/demo-web"
USUAL = "Connection: close\r\n"
"""Sends a request the usual way, through the application."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    secret = "whsec_" + base64.b64encode(KEY).decode()
    account = {"id": "demo-web", "channel": "web", "webhook_secrets": [secret], "allow_any_origin": True}
    server = QuickServed(
        tmp_path_factory.mktemp("express"),
        {
            "server": {"limits": {"body_bytes": 20_000}},
            "people": [{"id": "sam", "name": "Sam", "password": "a-password-for-tests", "roles": ["agent"]}],
            "tenants": [{"id": "demo", "name": "Demo", "accounts": [account], "knowledge": {"sources": []}}],
        },
    )
    server.start()
    try:
        yield server
    finally:
        server.kill()


def event(key: str, text: str = "hello") -> bytes:
    contact = {"id": "customer-1", "name": "Alex"}
    plain = {
        "type": "message",
        "thread": "t",
        "id": key,
        "sent_at": "2026-11-21T10:00:00Z",
        "text": text,
        "contact": contact,
    }
    return json.dumps(plain).encode()


def request(body: bytes, *, more: str = "", key: bytes = KEY, path: str = PATH, version: str = "1.1") -> bytes:
    stamp = int(time.time())
    signature = sign(key, message_id="m", timestamp=stamp, body=body)
    head = (
        f"POST {path} HTTP/{version}\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"webhook-id: m\r\nwebhook-timestamp: {stamp}\r\nwebhook-signature: {signature}\r\n{more}\r\n"
    )
    return head.encode() + body


async def answers(
    served: Served, *requests: bytes, count: int | None = None
) -> list[tuple[int, dict[str, str], bytes]]:
    """What comes back on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    found = []
    try:
        async with asyncio.timeout(20):
            for raw in requests:
                writer.write(raw)
            for _ in range(count or len(requests)):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.strip().split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                found.append((int(first.split()[1]), headers, body))
    finally:
        writer.close()
    return found


PASSING = ("date", "connection", "vary")
"""Of a moment, of a connection, or for browsers, which send no webhooks."""


def without_moment(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, str], bytes]:
    status, headers, body = answer
    return status, {name: value for name, value in headers.items() if name not in PASSING}, body


async def test_an_event_is_stored_once_and_the_connection_stays_open(served: Served) -> None:
    body = event("open-1")
    first, again = await answers(served, request(body), request(body))
    assert (first[0], first[2]) == (200, b'{"accepted": 1}')
    assert (again[0], again[2]) == (200, b'{"accepted": 0}')


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("accepted", lambda key: request(event(key))),
        ("forged", lambda key: request(event(key), key=b"x" * 32)),
        ("not_json", lambda key: request(b"{")),
        ("no_text", lambda key: request(event(key, text=""))),
        ("other_type", lambda key: request(b'{"type": "ping"}')),
        ("too_large", lambda key: request(event(key, text="x" * 30_000))),
    ],
)
async def test_both_ways_answer_alike(served: Served, name: str, make: Callable[[str], bytes]) -> None:
    quick = make(f"{name}-quick")
    usual = make(f"{name}-usual").replace(b"Content-Type", USUAL.encode() + b"Content-Type", 1)
    (at_once,), (through,) = await answers(served, quick), await answers(served, usual)
    assert without_moment(at_once) == without_moment(through)
    assert "date" in at_once[1]


async def test_many_requests_in_one_packet_are_answered_in_order(served: Served) -> None:
    bodies = [event(f"pipe-{number}") for number in range(5)]
    forged = request(event("pipe-x"), key=b"x" * 32)
    found = await answers(served, b"".join([*map(request, bodies[:3]), forged, *map(request, bodies[3:])]), count=6)
    assert [status for status, _, _ in found] == [200, 200, 200, 401, 200, 200]


async def test_a_body_in_pieces_is_read_whole(served: Served) -> None:
    raw = request(event("pieces-1"))
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    for start in range(0, len(raw), 97):
        writer.write(raw[start : start + 97])
        await writer.drain()
        await asyncio.sleep(0)
    async with asyncio.timeout(20):
        assert b" 200 OK" in await reader.readuntil(b"\r\n")
    writer.close()


async def test_a_chunked_body_is_read_whole(served: Served) -> None:
    body = event("chunked-1")
    raw = request(body)
    head = raw[: -len(body)].replace(f"Content-Length: {len(body)}".encode(), b"Transfer-Encoding: chunked")
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    ((status, _, said),) = await answers(served, head + chunks)
    assert (status, said) == (200, b'{"accepted": 1}')


async def test_an_unknown_account_and_an_old_client_go_the_usual_way(served: Served) -> None:
    ((status, headers, _),) = await answers(served, request(event("u-1"), path="/webhooks/nobody"))
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    ((status, _, said),) = await answers(served, request(event("old-1"), version="1.0"))
    assert (status, said) == (200, b'{"accepted": 1}')


async def test_a_client_that_asks_first_is_told_to_go_on(served: Served) -> None:
    body = event("expect-1")
    raw = request(body, more="Expect: 100-continue\r\n")
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    async with asyncio.timeout(20):
        writer.write(raw[: -len(body)])
        assert b" 100 Continue" in await reader.readuntil(b"\r\n\r\n")
        writer.write(body)
        assert b" 200 OK" in await reader.readuntil(b"\r\n")
    writer.close()


GET = b"GET /nowhere HTTP/1.1\r\nHost: shop\r\n\r\n"


async def test_a_connection_goes_on_with_the_web_server_after_another_request(served: Served) -> None:
    packet = request(event("mixed-1")) + GET + request(event("mixed-2")) + GET
    found = await answers(served, packet, count=4)
    assert [status for status, _, _ in found] == [200, 404, 200, 404]
    assert [said for _, _, said in found][::2] == [b'{"accepted": 1}', b'{"accepted": 1}']
    (again,) = await answers(served, request(event("mixed-2")))
    assert again[2] == b'{"accepted": 0}'


async def test_a_client_that_sends_no_more_still_reads_its_answer(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request(event("half-1")))
    writer.write_eof()
    async with asyncio.timeout(20):
        said = await reader.read()
    assert said.startswith(b"HTTP/1.1 200 OK")
    assert said.endswith(b'{"accepted": 1}')
    writer.close()


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"POST /webhooks/demo-web HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /webhooks/demo-web HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /webhooks/demo-web HTTP/1.1\r\nHost : x\r\nContent-Length: 0\r\n\r\n",
        b"POST /webhooks/demo-web HTTP/1.1\r\nX: " + b"y" * 40_000 + b"\r\n\r\n",
    ],
)
async def test_rubbish_is_refused_by_the_web_server_and_harms_nobody(served: Served, rubbish: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(rubbish)
    writer.write_eof()
    async with asyncio.timeout(20):
        said = await reader.read()
    assert said.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400")) or said == b""
    writer.close()
    ((status, _, _),) = await answers(served, request(event(f"after-{len(rubbish)}")))
    assert status == 200


async def test_a_body_without_a_length_is_the_web_servers(served: Served) -> None:
    raw = b"POST /webhooks/demo-web HTTP/1.1\r\nHost: shop\r\n\r\n"
    ((status, _, _),) = await answers(served, raw)
    assert status == 401


class SlowIntake:
    """Takes what comes when it is told to."""

    def __init__(self) -> None:
        self.may_take = asyncio.Event()
        self.is_taking = asyncio.Event()

    async def take(self, channel: object, parsed: object) -> int:
        self.is_taking.set()
        await self.may_take.wait()
        return 1


class Trusting:
    """A channel that believes everything."""

    kind = "web"

    def verify(self, raw: RawRequest) -> None: ...

    def parse(self, raw: RawRequest) -> tuple[Ignored, ...]:
        return (Ignored("test"),)


async def test_a_request_in_hand_is_answered_before_the_end_and_idle_connections_are_closed() -> None:
    intake = SlowIntake()
    services = SimpleNamespace(
        channels={"a": Trusting()}, limits=Limits(), intake=intake, clock=lambda: datetime.now(UTC)
    )
    front = Express(Current(cast(Services, services)))
    server = await asyncio.get_running_loop().create_server(front.mount(asyncio.Protocol), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
    busy, busy_writer = await asyncio.open_connection("127.0.0.1", port)
    busy_writer.write(b"POST /webhooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    async with asyncio.timeout(20):
        await intake.is_taking.wait()
        stopping = asyncio.create_task(front.stop(drain_s=20))
        intake.may_take.set()
        assert (await busy.read()).endswith(b'{"accepted": 1}')
        assert await idle.read() == b""
        await stopping
        await front.stop(drain_s=1)
    for writer in (idle_writer, busy_writer):
        writer.close()
    server.close()
    await server.wait_closed()
