"""Webhooks before the application: over a real socket, and not to be told from the usual way."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator

import pytest

from adapters.web.signature import sign
from evals.serving import Served

KEY = b"k" * 32
PATH = "/webhooks/demo-web"
USUAL = "Connection: close\r\n"
"""Sends a request the usual way, through the application."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    secret = "whsec_" + base64.b64encode(KEY).decode()
    account = {"id": "demo-web", "channel": "web", "webhook_secrets": [secret], "allow_any_origin": True}
    server = Served(
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
