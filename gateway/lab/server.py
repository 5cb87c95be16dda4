"""The lab: every stand-in under its prefix, and one page on which a visitor plays all contacts and sits at the desk.

For the loopback only.  The page's own calls must come from the page: the server refuses other hosts' names (DNS rebinding) and
other origins, since it can log a visitor in to the desk and make stand-ins post signed webhooks.
"""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from aiohttp import hdrs, web

from core.ports.channel import Closes
from gateway.http.sse import PING_FRAME, StreamClosed, open_stream
from gateway.lab import samples, switches
from gateway.lab.backstage import Backstage, BackstageView
from gateway.lab.knowledge import KnowledgeWindow
from gateway.lab.page_calls import CALL_HEADERS, decoded, json, listed
from gateway.lab.panes import TROUBLES, Pane, PaneView
from gateway.lab.stand_ins import Played
from gateway.lab.vendor import Delivered, VendorLab, Watch

log = structlog.get_logger(__name__)

PAGE: Final = Path(__file__).parent / "page"
TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
PING_S: Final = 15.0
SETTLE_S: Final = 0.04
"""Changes within this time are drawn at once: a streamed reply changes often."""

MAX_FILE_BYTES: Final = 8_388_608
MAX_BODY_BYTES: Final = 67_108_864
"""What a stand-in may be sent; the vendors' own limits are theirs to keep."""

MAX_TEXT: Final = 4_000
BACKSTAGE: Final = "backstage"

LogIn = Callable[[], Awaitable[str | None]]
"""Logs the visitor in to the desk: the value of a ``Set-Cookie`` header, or None when nobody may."""


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words of the contact; ``ref`` names the message they change."""

    text: str
    ref: str = ""


class Pressed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A quick reply under a message."""

    ref: str
    choice: str


class Reacted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A thumb on a message."""

    ref: str
    is_good: bool


class Armed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall go wrong."""

    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Addresses that the page shows in frames; None hides that pane."""

    web: str | None = None
    desk: str | None = None
    helpdesk: str | None = None


@dataclass(kw_only=True)
class Lab:
    """The lab's application.

    ``stand_ins`` are the vendors' APIs by the prefix they are mounted under; one may serve several panes.  ``ledger`` wakes
    the lab when the ledger has news.  ``helpdesks`` are closed at the end.  ``backstage`` has the switches of models and shop,
    ``knowledge`` how fresh it is; None leaves that out.
    """

    panes: Sequence[Pane]
    stand_ins: Mapping[str, web.Application]
    places: Places
    company: str
    suggestions: Sequence[str] = ()
    log_in: LogIn | None = None
    helpdesks: Sequence[Closes] = ()
    backstage: Backstage = field(default_factory=Backstage)
    knowledge: KnowledgeWindow | None = None
    ledger: Watch = field(default_factory=Watch)
    _views: dict[str, PaneView | BackstageView] = field(default_factory=dict)
    _versions: dict[str, int] = field(default_factory=dict)
    _pulse: Watch = field(default_factory=Watch)
    _is_closing: bool = False

    def app(self) -> web.Application:
        """The page, its calls and the stand-ins."""
        app = web.Application(middlewares=[self._guard], client_max_size=MAX_BODY_BYTES)
        pane = "/api/panes/{pane}"
        app.add_routes([
            web.get("/", self._home),
            web.get("/app/{name}", self._file),
            web.get("/api/lab", self._about),
            web.get("/api/stream", self._stream),
            web.post("/api/desk", self._sit_down),
            web.post(f"{pane}/say", self._say),
            web.post(f"{pane}/press", self._press),
            web.post(f"{pane}/edit", self._edit),
            web.post(f"{pane}/react", self._react),
            web.post(f"{pane}/attach", self._attach),
            web.post(f"{pane}/voice", self._voice),
            web.post(f"{pane}/photo", self._photo),
            web.post(f"{pane}/trouble", self._trouble),
            web.get(f"{pane}/raw", self._raw),
        ])  # fmt: skip
        app.add_routes(switches.routes(self.backstage))
        if self.knowledge is not None:
            self.knowledge.mount(app)
        for prefix, stand_in in self.stand_ins.items():
            app.add_subapp(prefix, stand_in)
        app.cleanup_ctx.append(self._follow)
        app.on_shutdown.append(self._end_streams)
        return app

    # Following what changes

    async def _follow(self, app: web.Application) -> AsyncIterator[None]:
        followers = [asyncio.create_task(self._follow_pane(pane), name=f"lab-{pane.id}") for pane in self.panes]
        if self.backstage:
            followers.append(asyncio.create_task(self._follow_backstage(), name="lab-backstage"))
        yield
        for task in followers:
            task.cancel()
        await asyncio.gather(*followers, return_exceptions=True)
        for pane in self.panes:
            if pane.played is not None:
                await pane.played.lab.close()
        for helpdesk in self.helpdesks:
            await helpdesk.close()

    async def _follow_pane(self, pane: Pane) -> None:
        """Draw a pane anew whenever its stand-in, its troubles or the ledger changed."""
        watches = [self.ledger, pane.watch, *([pane.lab.watch] if pane.lab is not None else [])]
        while True:
            seen = [watch.version for watch in watches]
            try:
                view = await pane.view()
            except Exception:
                log.exception("lab_pane_failed", pane=pane.id)
            else:
                self._put(pane.id, view)
            await _any_change(watches, seen)
            await asyncio.sleep(SETTLE_S)

    async def _follow_backstage(self) -> None:
        """Draw models and shop anew whenever one of them was called or switched."""
        watches = self.backstage.watches
        while True:
            seen = [watch.version for watch in watches]
            self._put(BACKSTAGE, self.backstage.view())
            await _any_change(watches, seen)
            await asyncio.sleep(SETTLE_S)

    def _put(self, name: str, view: PaneView | BackstageView) -> None:
        if self._views.get(name) != view:
            self._views[name] = view
            self._versions[name] = self._pulse.version + 1
            self._pulse.changed()

    async def _end_streams(self, app: web.Application) -> None:
        self._is_closing = True
        self._pulse.changed()

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Every pane once, then each that changes, whole."""
        out = await open_stream(request)
        shown: dict[str, int] = {}
        try:
            while not self._is_closing:
                seen = self._pulse.version
                for name in tuple(self._views):
                    view, version = (
                        self._views[name],
                        self._versions[name],
                    )  # it may have changed while others were sent
                    if shown.get(name) != version:
                        shown[name] = version
                        await out.send("pane" if isinstance(view, PaneView) else BACKSTAGE, view)
                try:
                    await self._pulse.until(lambda seen=seen: self._pulse.version != seen, limit_s=PING_S)  # type: ignore[misc]
                except TimeoutError:
                    await out.write(PING_FRAME)
        except StreamClosed:
            pass
        return out.response

    # The page

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """The page and its calls are for this computer and this page only; a stand-in judges its callers itself."""
        if any(request.path.startswith(prefix + "/") for prefix in self.stand_ins):
            return await handler(request)
        if request.url.host not in ("127.0.0.1", "localhost", "::1"):
            raise web.HTTPMisdirectedRequest(text="The lab answers on 127.0.0.1 only.")
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get(hdrs.ORIGIN)
        is_own = site in (None, "same-origin", "none") and origin in (None, str(request.url.origin()))
        if request.method == hdrs.METH_POST and not (is_own and (site or origin)):
            raise web.HTTPForbidden(text="This call must come from the lab's own page.")
        return await handler(request)

    async def _home(self, request: web.Request) -> web.Response:
        if request.url.host != "127.0.0.1":  # the desk's cookie belongs to one name of this computer
            raise web.HTTPSeeOther(request.url.with_host("127.0.0.1"))
        origins = [_origin(place) for place in (self.places.web, self.places.desk) if place is not None]
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            f"frame-src 'self' {' '.join(origins)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {**CALL_HEADERS, "Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
        return web.Response(body=files()["index.html"][0], content_type="text/html", charset="utf-8", headers=headers)

    async def _file(self, request: web.Request) -> web.Response:
        found = files().get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        body, media_type, etag = found
        headers = {hdrs.ETAG: etag, hdrs.CACHE_CONTROL: "no-cache", "X-Content-Type-Options": "nosniff"}
        if request.headers.get(hdrs.IF_NONE_MATCH) == etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=media_type, charset="utf-8", headers=headers)

    async def _about(self, request: web.Request) -> web.Response:
        """What there is to show."""
        panes: list[dict[str, Any]] = [
            {
                "id": pane.id,
                "kind": pane.kind,
                "title": pane.title,
                "subtitle": pane.subtitle,
                "abilities": pane.abilities,
                "has_vendor": pane.played is not None,
            }
            for pane in self.panes
        ]
        return json({
            "company": self.company,
            "panes": panes,
            "web": self.places.web,
            "desk": self.places.desk,
            "helpdesk": self.places.helpdesk,
            "suggestions": list(self.suggestions),
            "troubles": listed(TROUBLES),
            "backstage": switches.about(self.backstage),
            "knowledge": self.knowledge.about() if self.knowledge is not None else None,
        })  # fmt: skip

    async def _sit_down(self, request: web.Request) -> web.Response:
        """Log in to the desk, so that its frame opens on the inbox and not on a form."""
        cookie = await self.log_in() if self.log_in is not None else None
        headers = {**CALL_HEADERS, **({"Set-Cookie": cookie} if cookie else {})}
        return web.Response(status=204, headers=headers)

    # What the contact does

    async def _say(self, request: web.Request) -> web.Response:
        said = decoded(await request.read(), Said)
        return _told(await self._lab(request).say(said.text[:MAX_TEXT]))

    async def _press(self, request: web.Request) -> web.Response:
        pressed = decoded(await request.read(), Pressed)
        return _told(await self._lab(request).press(pressed.ref, pressed.choice))

    async def _edit(self, request: web.Request) -> web.Response:
        said, edit = decoded(await request.read(), Said), self._played(request).edit
        if edit is None:
            raise web.HTTPConflict(text="Messages cannot be changed here.")
        return _told(await edit(said.ref, said.text[:MAX_TEXT]))

    async def _react(self, request: web.Request) -> web.Response:
        reacted, react = decoded(await request.read(), Reacted), self._played(request).react
        if react is None:
            raise web.HTTPConflict(text="There are no reactions here.")
        return _told(await react(reacted.ref, reacted.is_good))

    async def _attach(self, request: web.Request) -> web.Response:
        name = Path(request.query.get("name") or "file").name[:120]
        if (request.content_length or 0) > MAX_FILE_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_FILE_BYTES, request.content_length or 0)
        body = await request.read()
        return _told(await self._lab(request).attach(name, request.content_type, body))

    async def _voice(self, request: web.Request) -> web.Response:
        said, played = decoded(await request.read(), Said), self._played(request)
        words, note = said.text[:MAX_TEXT] if played.hears else "", samples.voice_note()
        return _told(await played.lab.attach("voice.ogg", samples.VOICE_TYPE, note, text=words, is_voice=True))

    async def _photo(self, request: web.Request) -> web.Response:
        picture = samples.photo()
        return _told(await self._lab(request).attach("garden.png", samples.PHOTO_TYPE, picture))

    async def _trouble(self, request: web.Request) -> web.Response:
        armed = decoded(await request.read(), Armed)
        if armed.trouble not in TROUBLES:
            raise web.HTTPUnprocessableEntity(text=f"One of {', '.join(TROUBLES)}.")
        self._pane(request).arm(armed.trouble)
        return web.Response(status=204, headers=CALL_HEADERS)

    async def _raw(self, request: web.Request) -> web.Response:
        """The body that the stand-in received for one message."""
        message = self._pane(request).raw(request.query.get("ref", ""))
        if message is None:
            raise web.HTTPNotFound
        return json({"raw": message.raw})

    def _pane(self, request: web.Request) -> Pane:
        for pane in self.panes:
            if pane.id == request.match_info["pane"]:
                return pane
        raise web.HTTPNotFound

    def _played(self, request: web.Request) -> Played:
        played = self._pane(request).played
        if played is None:
            raise web.HTTPNotFound
        return played

    def _lab(self, request: web.Request) -> VendorLab:
        return self._played(request).lab


async def _any_change(watches: Sequence[Watch], seen: Sequence[int]) -> None:
    """Wait until one of several watches is at another version than it was seen."""

    async def one(watch: Watch, version: int) -> None:
        while watch.version == version:
            try:
                await watch.until(lambda: watch.version != version, limit_s=PING_S)
            except TimeoutError:
                continue

    waits = [asyncio.ensure_future(one(watch, version)) for watch, version in zip(watches, seen, strict=True)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


def _told(delivered: Delivered) -> web.Response:
    """How Frontdesk answered the webhook: the page shows that nothing is acknowledged before it is stored."""
    return json({"status": delivered.status})


def _origin(address: str) -> str:
    """Scheme and authority of an address."""
    return "/".join(address.split("/")[:3])


@cache
def files() -> Mapping[str, tuple[bytes, str, str]]:
    """The page's files by name: body, media type, etag."""
    found = {}
    for path in sorted(PAGE.iterdir()):
        media_type = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
        if path.is_file() and media_type is not None:
            body = path.read_bytes()
            found[path.name] = (body, media_type, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')
    return found
