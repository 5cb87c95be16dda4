"""A folder of static files at ``/demo/``: the demo company's shop page, or a page of yours to try the widget on."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web


def routes(site: Path | None) -> list[web.AbstractRouteDef]:
    """The routes of the page; none without a folder."""
    if site is None:
        return []

    async def home(_: web.Request) -> web.FileResponse:
        return web.FileResponse(site / "index.html")

    async def bare(_: web.Request) -> web.Response:
        return web.Response(status=303, headers={"Location": "/demo/"})

    return [web.get("/demo", bare), web.get("/demo/", home), web.static("/demo", site, append_version=False)]
