"""What we send ourselves reaches the server as the package would have sent it."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from aiohttp import web

from core.models_settings import Dialect, Endpoint
from core.providers.models import client
from core.providers.models.client import Clients
from tests.core.providers.models.wire_server import KEY, Seen, WireServer, says

BODY: dict[str, Any] = {"model": "good", "messages": [{"role": "user", "content": "Grüße, “you” 👋"}], "stream": True}
OF_THE_LIBRARY = frozenset(("Host", "Content-Length"))


def facts(seen: Seen) -> tuple[str, dict[str, str], dict[str, str], dict[str, Any]]:
    headers = {name: value for name, value in seen.headers.items() if name not in OF_THE_LIBRARY}
    return seen.path, seen.query, headers, seen.body


@pytest.mark.parametrize("dialect", [Dialect.OPENAI, Dialect.AZURE])
@pytest.mark.parametrize("headers", [{}, {"X-Team": "support", "User-Agent": "ours"}])
async def test_as_the_package_sends_it(server: WireServer, dialect: Dialect, headers: dict[str, str]) -> None:
    import httpx2
    import openai

    server.play("good", says("fine"))
    address = server.url if dialect is Dialect.OPENAI else server.url.removesuffix("/v1")
    endpoint = Endpoint(
        id="main", base_url=address, key=KEY, dialect=dialect, api_version="2024-10-21", headers=headers
    )
    clients = Clients({"main": endpoint})
    try:
        for _ in range(2):
            await clients.post("main", "/chat/completions", BODY)
    finally:
        await clients.close()
    async with openai.DefaultAioHttpClient(trust_env=False, timeout=httpx2.Timeout(None)) as transport:
        package = client._made(endpoint, transport)
        await package.post("/chat/completions", body=BODY, cast_to=httpx2.Response)
    first, second, by_package = map(facts, server.seen)
    assert first == second == by_package
    assert by_package[0].endswith("/chat/completions")
    assert KEY in str(by_package[2])


async def test_each_model_has_its_own_address_at_azure(server: WireServer) -> None:
    server.play("good", says("fine"))
    server.play("other", says("fine"))
    address = server.url.removesuffix("/v1")
    endpoint = Endpoint(id="main", base_url=address, key=KEY, dialect=Dialect.AZURE, api_version="2024-10-21")
    clients = Clients({"main": endpoint})
    try:
        for model in ("good", "other", "good"):
            await clients.post("main", "/chat/completions", {**BODY, "model": model})
    finally:
        await clients.close()
    assert [seen.path.split("/deployments/")[1] for seen in server.seen] == [
        "good/chat/completions",
        "other/chat/completions",
        "good/chat/completions",
    ]


async def test_a_server_that_compresses_unasked_is_understood(server: WireServer) -> None:
    async def play(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        assert request.headers["Accept-Encoding"] == "identity"
        squeezed = gzip.compress(b'{"answer": "fine"}')
        return web.Response(body=squeezed, headers={"Content-Encoding": "gzip"}, content_type="application/json")

    server.play("good", play)
    clients = Clients({"main": Endpoint(id="main", base_url=server.url, key=KEY)})
    try:
        assert await clients.post("main", "/chat/completions", BODY) == b'{"answer": "fine"}'
    finally:
        await clients.close()
