"""What nobody should send, and what it gets."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.errors import StoreUnavailable
from gateway.http.limits import Buckets
from tests.web.world import SITE, World, bearer

JSON = {"Content-Type": "application/json"}


async def post(
    world: World, body: Any, *, status: int, path: str = "/chat", headers: dict[str, str] | None = None
) -> Any:
    return await world.call("POST", path, data=body, headers={**JSON, **(headers or {})}, status=status)


async def test_a_body_over_the_limit(world: World) -> None:
    world.set_limits(body_bytes=1_000)
    too_long = b'{"user_message": "%s"}' % (b"a" * 2_000)
    assert (await post(world, too_long, status=413))["code"] == "body_too_large"

    async def chunked() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"a" * 100

    assert (await post(world, chunked(), status=413))["code"] == "body_too_large"
    bomb = gzip.compress(b'{"user_message": "%s"}' % (b"a" * 100_000))
    assert len(bomb) < 1_000
    assert (await post(world, bomb, status=413, headers={"Content-Encoding": "gzip"}))["code"] == "body_too_large"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nope", b'{"user_message": "a"', b'{"user_message": "\xff\xfe"}', b'{"user_message": "\\ud800"}',
     b"[" * 50_000, b'{"user_message": 1', b'{"user_message": "a"}}'],
)  # fmt: skip
async def test_what_is_no_json(world: World, body: bytes) -> None:
    assert (await post(world, body, status=400))["code"] == "payload_malformed"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "/user_message"),
        (b"[]", ""),
        (b'{"user_message": null}', "/user_message"),
        (b'{"user_message": 7}', "/user_message"),
        (b'{"user_message": "hi", "model": "x"}', "/model"),
        (b'{"user_message": "\\u0000\\u200b"}', "/user_message"),
        (b'{"user_message": "hi", "conv_id": ""}', "/conv_id"),
    ],
)
async def test_a_wrong_field_is_named(world: World, body: bytes, field: str) -> None:
    refused = await post(world, body, status=422)
    assert refused["code"] == "payload_invalid" and refused["field"] == field


async def test_a_message_over_the_limit_and_a_flood_of_nothing(world: World) -> None:
    world.set_limits(body_bytes=4_000_000)
    too_long = '{"user_message": "%s"}' % ("a" * 4_001)
    assert "4000" in (await post(world, too_long, status=422))["detail"]
    flood = '{"user_message": "%s"}' % ("\u200b" * 300_000)
    assert (await post(world, flood.encode(), status=422))["field"] == "/user_message"


async def test_ten_thousand_attachments(world: World) -> None:
    token = (await world.session())["session_token"]
    body = {"client_msg_id": "m", "text": "hi", "upload_ids": ["u_1"] * 10_000}
    refused = await world.call("POST", "/v1/web/messages", token=token, json=body, status=422)
    assert refused["field"] == "/upload_ids"
    body = {"client_msg_id": "m", "text": "hi", "upload_ids": ["u_1"]}
    refused = await world.call("POST", "/v1/web/messages", token=token, json=body, status=422)
    assert refused["field"] == "/upload_ids/0"


async def test_other_media_types(world: World) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"):
        refused = await post(world, b'{"user_message": "hi"}', status=415, headers={"Content-Type": media_type})
        assert refused["code"] == "media_type_unsupported"


async def test_unknown_addresses_and_methods_are_problems_too(world: World) -> None:
    assert (await world.call("GET", "/nowhere", status=404))["code"] == "path_unknown"
    assert (await world.call("GET", "/chat", status=405))["code"] == "method_not_allowed"
    async with world.http.get(world.url + "/chat") as response:
        assert response.content_type == "application/problem+json" and response.headers["Allow"] == "POST"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Server"] == "Frontdesk"


@pytest.mark.parametrize("key", ["a b", "", "x" * 101, "ü"])
async def test_an_idempotency_key_has_a_form(world: World, key: str) -> None:
    refused = await post(world, b'{"user_message": "hi"}', status=422, headers={"Idempotency-Key": key})
    assert refused["field"] == "Idempotency-Key"


async def test_too_many_messages_and_sessions(world: World) -> None:
    token = (await world.session())["session_token"]
    world.set_limits(messages_per_minute=2, sessions_per_minute=3)
    body = {"client_msg_id": "m", "text": "hi"}
    for _ in range(2):
        await world.call("POST", "/v1/web/messages", token=token, json=body, status=202)
    async with world.http.post(world.url + "/v1/web/messages", json=body, headers=bearer(token)) as response:
        assert response.status == 429 and 1 <= int(response.headers["Retry-After"]) <= 30
    for _ in range(3):
        await world.session()
    assert (await world.call("POST", "/v1/web/sessions", json={}, status=429))["retry_after"] > 0
    world.set_limits(is_evaluation=True)
    await world.call("POST", "/v1/web/messages", token=token, json=body, status=202)


def test_buckets_refill_and_stay_bounded() -> None:
    now = [0.0]
    buckets = Buckets(clock=lambda: now[0], most=100)
    assert [buckets.take("a", per_minute=2) for _ in range(3)] == [0.0, 0.0, 30.0]
    now[0] = 30.0
    assert buckets.take("a", per_minute=2) == 0.0
    for number in range(10_000):
        buckets.take(f"key-{number}", per_minute=2)
    assert len(buckets) == 100


async def test_a_full_inbox_takes_nothing(world: World) -> None:
    token = (await world.session())["session_token"]
    world.services.inbox.unread = 1_000
    body = {"client_msg_id": "m", "text": "hi"}
    async with world.http.post(world.url + "/v1/web/messages", json=body, headers=bearer(token)) as response:
        assert response.status == 503 and response.headers["Retry-After"]
    world.services.inbox.unread = 0
    answer = await world.call("POST", "/v1/web/messages", token=token, json=body, status=202)
    assert not answer["duplicate"]


async def test_a_bug_is_a_problem_with_an_id_and_no_words_of_it(world: World) -> None:
    world.documents.failure = RuntimeError("a secret in an exception")
    refused = await world.call("GET", "/kb/documents/d_1", status=500)
    assert refused["code"] == "internal" and refused["error_id"].startswith("e_")
    assert "secret" not in str(refused)


async def test_a_store_that_is_gone_is_told_as_503(world: World) -> None:
    world.documents.failure = StoreUnavailable("/var/lib/secret/path is read-only")
    refused = await world.call("GET", "/kb/documents/d_1", status=503)
    assert refused["code"] == "store_unavailable" and "secret" not in str(refused)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://shop.example", "https://shop.example.evil.example"]
)
async def test_a_site_that_is_not_listed_is_refused(world: World, origin: str) -> None:
    refused = await world.call("POST", "/v1/web/sessions", json={}, headers={"Origin": origin}, status=403)
    assert refused["code"] == "origin_forbidden"
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    async with world.http.options(world.url + "/chat", headers=preflight) as response:
        assert response.status == 403 and "Access-Control-Allow-Origin" not in response.headers


async def test_a_listed_site_may_ask_and_read(world: World) -> None:
    preflight = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    async with world.http.options(world.url + "/chat", headers=preflight) as response:
        assert response.status == 204 and response.headers["Access-Control-Allow-Origin"] == SITE
        assert "idempotency-key" in response.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in response.headers
    async with world.http.post(world.url + "/chat", json={"user_message": "hi"}, headers={"Origin": SITE}) as response:
        assert response.status == 200 and response.headers["Access-Control-Allow-Origin"] == SITE
        assert response.headers["Vary"] == "Origin"
        await response.read()
    own = await world.call("POST", "/v1/web/sessions", json={}, headers={"Origin": world.url}, status=200)
    assert own["session_token"]


async def test_forwarded_addresses_are_believed_from_trusted_proxies_only(world: World) -> None:
    world.set_limits(sessions_per_minute=1)
    await world.call("POST", "/v1/web/sessions", json={}, headers={"X-Forwarded-For": "203.0.113.1"}, status=200)
    await world.call("POST", "/v1/web/sessions", json={}, headers={"X-Forwarded-For": "203.0.113.2"}, status=429)
    world.current.services = replace(world.services, trusted_proxies=("127.0.0.0/8",))
    for address, status in (
        ("203.0.113.3", 200),
        ("203.0.113.3", 429),
        ("1.2.3.4, 203.0.113.3", 429),
        ("203.0.113.4", 200),
    ):
        headers = {"X-Forwarded-For": address}
        await world.call("POST", "/v1/web/sessions", json={}, headers=headers, status=status)
