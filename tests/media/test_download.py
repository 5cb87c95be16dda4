"""Fetching a file over real sockets: redirects by hand, the token stays at home, sizes and times are bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from core.errors import CredentialsInvalid, DeliveryError, MessageRejected, ProviderUnavailable, Throttled
from core.vendors.download import Downloads
from core.vendors.http import VendorHttp

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
TOKEN = {"Authorization": "Bearer secret"}


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def downloads(*hosts: str, limit_s: float = 5.0) -> AsyncIterator[Downloads]:
    made = Downloads(hosts, limit_s=limit_s)
    try:
        yield made
    finally:
        await made.close()
        await made.close()


async def test_a_file_arrives_with_its_type_and_name() -> None:
    async def give(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer secret"
        return web.Response(
            body=b"bytes",
            content_type="image/png",
            headers={"Content-Disposition": "inline; filename*=UTF-8''b%C3%A4r.png"},
        )

    async with server(give) as vendor, downloads(vendor) as files:
        fetched = await files.fetch(vendor + "/a?b=c%2Fd", limit_bytes=5, headers=TOKEN)
    assert (fetched.body, fetched.media_type, fetched.name) == (b"bytes", "image/png", "bär.png")


async def test_a_token_does_not_follow_a_redirect_to_another_host() -> None:
    seen: list[tuple[str, str | None]] = []

    async def storage(request: web.Request) -> web.Response:
        seen.append((request.path_qs, request.headers.get("Authorization")))
        return web.Response(body=b"x")

    async with server(storage) as second:

        async def first(request: web.Request) -> web.Response:
            seen.append((request.path_qs, request.headers.get("Authorization")))
            target = "/step" if request.path == "/file" else f"{second}/signed?sig=a%2Bb"
            return web.Response(status=302, headers={"Location": target})

        async with server(first) as vendor, downloads(vendor, second) as files:
            assert (await files.fetch(f"{vendor}/file", limit_bytes=9, headers=TOKEN)).body == b"x"
    assert seen == [("/file", "Bearer secret"), ("/step", "Bearer secret"), ("/signed?sig=a%2Bb", None)]


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:1/", "http://169.254.169.254/", "file:///etc/passwd", "", "//[", "/loop"]
)
async def test_a_redirect_elsewhere_is_refused(target: str) -> None:
    async def give(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": target})

    async with server(give) as vendor, downloads(vendor) as files:
        with pytest.raises(MessageRejected):
            await files.fetch(f"{vendor}/file", limit_bytes=9)


async def test_a_file_that_is_too_large_is_not_read_to_its_end() -> None:
    async def give(request: web.Request) -> web.StreamResponse:
        if request.path == "/told":
            return web.Response(body=b"x" * 11)
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for _ in range(10_000):
            await response.write(b"x" * 100_000)
        return response

    async with server(give) as vendor, downloads(vendor) as files:
        for path in ("told", "endless"):
            with pytest.raises(MessageRejected, match="larger than 10 bytes"):
                await files.fetch(f"{vendor}/{path}", limit_bytes=10)
        assert len((await files.fetch(f"{vendor}/told", limit_bytes=11)).body) == 11


@pytest.mark.parametrize(
    ("status", "error", "retryable"),
    [
        (401, CredentialsInvalid, False), (403, CredentialsInvalid, False), (404, MessageRejected, False),
        (410, MessageRejected, False), (204, MessageRejected, False), (206, MessageRejected, False),
        (408, ProviderUnavailable, True), (429, Throttled, True), (500, ProviderUnavailable, True),
        (503, ProviderUnavailable, True),
    ],
)  # fmt: skip
async def test_refusals_mean_what_they_say(status: int, error: type[DeliveryError], retryable: bool) -> None:
    async def give(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Retry-After": "7"})

    async with server(give) as vendor, downloads(vendor) as files:
        with pytest.raises(error) as refused:
            await files.fetch(f"{vendor}/a", limit_bytes=9, headers=TOKEN)
    assert refused.value.retryable is retryable and "secret" not in str(refused.value)
    assert refused.value.retry_after_s == (7.0 if status == 429 else None)


async def test_a_vendor_that_hangs_or_is_gone_may_be_tried_again() -> None:
    forever = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        await forever.wait()
        return web.Response()

    async with server(hang) as vendor, downloads(vendor, limit_s=0.1) as files:
        with pytest.raises(ProviderUnavailable):
            await files.fetch(f"{vendor}/a", limit_bytes=9)
        forever.set()
    async with downloads(vendor) as files:
        with pytest.raises(ProviderUnavailable):
            await files.fetch(f"{vendor}/a", limit_bytes=9)


@pytest.mark.parametrize("was_used", [True, False])
async def test_whoever_comes_after_the_end_opens_nothing(was_used: bool) -> None:
    asked: list[str] = []

    async def give(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=b"x")

    async with server(give) as vendor:
        files, http = Downloads((vendor,)), VendorHttp()
        if was_used:
            await files.fetch(vendor + "/before", limit_bytes=5)
            await http.call("GET", vendor + "/before")
        await files.close()
        await http.close()
        asked.clear()
        with pytest.raises(ProviderUnavailable, match="taken down"):
            await files.fetch(vendor + "/after", limit_bytes=5)
        with pytest.raises(ProviderUnavailable, match="taken down"):
            await http.call("GET", vendor + "/after")
    assert asked == []
