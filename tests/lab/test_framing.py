"""The desk may be framed by the lab's page and by no other, and only while the lab asks for it."""

from __future__ import annotations

from aiohttp import ClientSession, web

from gateway.http import framing
from gateway.http.login import PAGE_HEADERS

LAB = "http://127.0.0.1:8090"


async def page(request: web.Request) -> web.Response:
    return web.Response(text="<!doctype html>", content_type="text/html", headers=PAGE_HEADERS)


async def data(request: web.Request) -> web.Response:
    return web.json_response({}, headers=PAGE_HEADERS)


async def headers_of(path: str, *, is_open: bool) -> dict[str, str]:
    app = web.Application()
    app.add_routes([web.get("/page", page), web.get("/data", data)])
    if is_open:
        framing.allow(app, LAB)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
    async with ClientSession() as session, session.get(url) as answer:
        found = dict(answer.headers)
    await runner.cleanup()
    return found


async def test_only_frame_ancestors_changes() -> None:
    closed, opened = await headers_of("/page", is_open=False), await headers_of("/page", is_open=True)
    assert closed["X-Frame-Options"] == "DENY"
    assert "X-Frame-Options" not in opened
    policy = closed["Content-Security-Policy"]
    assert opened["Content-Security-Policy"] == policy.replace("frame-ancestors 'none'", f"frame-ancestors {LAB}")
    assert "frame-ancestors 'none'" in policy


async def test_what_is_no_page_stays_closed() -> None:
    assert (await headers_of("/data", is_open=True))["X-Frame-Options"] == "DENY"


async def test_the_shared_headers_are_not_changed() -> None:
    await headers_of("/page", is_open=True)
    assert (await headers_of("/page", is_open=False))["X-Frame-Options"] == "DENY"
