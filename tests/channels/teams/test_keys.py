"""Microsoft's keys: fetched once, kept a day, asked for again at most once an hour, and believed two days when nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.teams.keys import KeyRing
from core.errors import ProviderUnavailable
from core.vendors.http import VendorHttp
from gateway.lab.teams.identity import ConnectorKey
from tests.channels.teams import wire
from tests.channels.teams.world import Clock


class KeyServer:
    """Publishes whatever the test wants."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.jwks: Any = {"keys": [wire.key("key-1").jwk()]}
        self.jwks_uri = ""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/openid", self._metadata)
        app.router.add_get("/keys", self._keys)
        return app

    async def _metadata(self, request: web.Request) -> web.Response:
        return web.json_response({"issuer": "x", "jwks_uri": self.jwks_uri or str(request.url.with_path("/keys"))})

    async def _keys(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response(self.jwks, status=self.status)


class Keys:
    def __init__(self, server: KeyServer, clock: Clock, ring: KeyRing) -> None:
        self.server, self.clock, self.ring = server, clock, ring


@pytest.fixture
async def keys() -> AsyncIterator[Keys]:
    server, clock, http = KeyServer(), Clock(), VendorHttp()
    served = TestServer(server.app())
    await served.start_server()
    yield Keys(server, clock, KeyRing(http, str(served.make_url("/openid")), clock))
    await http.close()
    await served.close()


async def test_a_thousand_at_once_fetch_once(keys: Keys) -> None:
    assert keys.ring.is_stale()
    await asyncio.gather(*(keys.ring.refresh() for _ in range(1_000)))
    assert keys.server.asked == 1 and not keys.ring.is_stale()
    found = keys.ring.find("key-1")
    assert found is not None and found.endorsements == {"msteams", "webchat"}


async def test_unknown_keys_are_asked_for_once_an_hour(keys: Keys) -> None:
    await keys.ring.refresh()
    keys.server.jwks["keys"].append(wire.key("key-2").jwk())
    keys.clock.move(minutes=59)
    await keys.ring.refresh()
    assert keys.server.asked == 1 and keys.ring.find("key-2") is None
    keys.clock.move(minutes=2)
    await keys.ring.refresh()
    assert keys.server.asked == 2 and keys.ring.find("key-2") is not None


async def test_a_withdrawn_key_is_forgotten(keys: Keys) -> None:
    await keys.ring.refresh()
    keys.server.jwks = {"keys": [wire.key("key-2").jwk()]}
    keys.clock.move(hours=25)
    assert keys.ring.is_stale()
    await keys.ring.refresh()
    assert keys.ring.find("key-1") is None and keys.ring.generation == 2


async def test_old_keys_serve_a_second_day_while_nobody_answers(keys: Keys) -> None:
    await keys.ring.refresh()
    keys.server.status = 503
    keys.clock.move(hours=25)
    with pytest.raises(ProviderUnavailable):
        await keys.ring.refresh()
    assert not keys.ring.is_stale(), "what we know is used while the server rests"
    with pytest.raises(ProviderUnavailable):
        await keys.ring.refresh()
    assert keys.server.asked == 2, "it is not asked again at once"
    keys.clock.move(seconds=11)
    assert keys.ring.is_stale()
    keys.clock.move(hours=24)
    with pytest.raises(ProviderUnavailable):
        await keys.ring.refresh()
    assert keys.ring.is_stale(), "but not for ever"


@pytest.mark.parametrize(
    "jwks",
    [
        [],
        {"keys": []},
        {"keys": [{"kty": "EC", "kid": "a"}]},
        {"keys": [{"kty": "RSA", "kid": "a", "n": "!", "e": "AQAB"}]},
        {"keys": [{"kty": "RSA", "kid": "", "n": "AQAB", "e": "AQAB"}]},
        {"keys": [{"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}]},
    ],
)
async def test_a_server_without_usable_keys_is_an_error(keys: Keys, jwks: Any) -> None:
    keys.server.jwks = jwks
    with pytest.raises(ProviderUnavailable):
        await keys.ring.refresh()
    assert keys.ring.is_stale()


async def test_a_key_without_endorsements_may_sign_for_nobody(keys: Keys) -> None:
    bare = {name: value for name, value in ConnectorKey("bare").jwk().items() if name != "endorsements"}
    keys.server.jwks = {"keys": [bare]}
    await keys.ring.refresh()
    found = keys.ring.find("bare")
    assert found is not None and found.endorsements == frozenset()


@pytest.mark.parametrize("where", ["http://192.0.2.1/keys", "https://127.0.0.1/keys", "file:///etc/passwd", "x"])
async def test_keys_at_an_unsafe_place_are_not_fetched(keys: Keys, where: str) -> None:
    keys.server.jwks_uri = where
    with pytest.raises(ProviderUnavailable, match="not safe"):
        await keys.ring.refresh()
