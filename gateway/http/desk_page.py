"""The desk's page on the internal listener: static files, and ``mount``, which puts the whole desk into an application."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from gateway.http import desk, desk_identity, desk_stream, login, media
from gateway.http.door import DOOR, Door, at_the_door, visitor
from gateway.http.problem import not_found
from handoff.desks.builtin import PAGE

INDEX: Final = "index.html"
FILES: Final = "/desk/app"
TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""Named here, since the machine's own table of types may call a script plain text, and then no browser runs it."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of the page, held in memory."""

    body: bytes
    media_type: str
    etag: str


def mount(app: web.Application) -> None:
    """Put login, page, API, stream and files of the desk into the internal listener's application.

    The application brings ``SERVICES``, the ``errors`` middleware and ``keep_alive_context``.
    """
    app[DOOR] = Door()
    app.middlewares.append(at_the_door)
    app.add_routes(
        [*routes(), *login.routes(), *desk.routes(), *desk_identity.routes(), *desk_stream.routes(), *media.routes()]
    )


def routes() -> list[web.RouteDef]:
    """The page and its files."""
    return [
        web.get("/desk", home),
        web.get(login.HOME, home),
        web.get(f"{FILES}/{{name}}", static),
    ]


async def home(request: web.Request) -> web.Response:
    """The desk, or the way to the login."""
    if request.path != login.HOME:
        return web.Response(status=303, headers={"Location": login.HOME})
    if visitor(request) is None:
        return web.Response(status=303, headers={"Location": login.LOGIN, "Cache-Control": "no-store"})
    return web.Response(body=files()[INDEX].body, content_type="text/html", charset="utf-8", headers=login.PAGE_HEADERS)


async def static(request: web.Request) -> web.Response:
    """A script, style or picture; the browser asks each time and gets 304 while nothing changed."""
    name = request.match_info["name"]
    found = files().get(name)
    if found is None or found.media_type == "text/html":
        raise not_found("file")
    headers = {hdrs.ETAG: found.etag, hdrs.CACHE_CONTROL: "no-cache", "X-Content-Type-Options": "nosniff"}
    if request.headers.get(hdrs.IF_NONE_MATCH) == found.etag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=found.body, content_type=found.media_type, charset="utf-8", headers=headers)


@cache
def files() -> Mapping[str, StaticFile]:
    """The files of the page by name; there are no folders, so no path can lead out."""
    return {path.name: _read(path) for path in sorted(PAGE.iterdir()) if path.is_file()}


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    media_type = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return StaticFile(body, media_type, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')
