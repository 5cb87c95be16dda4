"""How fresh the knowledge is, for the lab's page; and a sync now.

Freshness is what Frontdesk tells anybody (``GET /kb/sync_status``).  The reasons behind it, and whether a release waits, are not
for everybody: they come from the process itself, as receipts do.  A sync is started by the admin's own call.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp import hdrs, web
from msgspec.structs import asdict, replace

from gateway.lab.page_calls import CALL_HEADERS, json

CALL_LIMIT_S: Final = 5.0
SILENT: Final = "Frontdesk does not answer."


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A release that did not pass the gate and waits beside the live one; ``reasons`` in plain words."""

    at: datetime
    documents: int
    reasons: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What only the process knows; ``problems`` is the last problem in plain words by source."""

    is_syncing: bool = False
    refused: Refusal | None = None
    problems: Mapping[str, str] = field(default_factory=dict)


class SourceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A source as Frontdesk tells of it and as the page draws it; spans are in seconds.

    ``age_s`` is None when it was never read to its end, ``fresh_within_s`` and ``is_fresh`` when it has no objective,
    ``next_run_at`` when it is read by hand only.
    """

    id: str
    kind: str
    outcome: str
    documents: int
    error: str | None
    age_s: float | None
    fresh_within_s: float | None
    is_fresh: bool | None
    next_run_at: datetime | None


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered from."""

    documents: int
    chunks: int
    live_at: datetime | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What ``GET /kb/sync_status`` gives, as far as the page draws it."""

    sources: list[SourceLine]
    generation: Live | None


class KnowledgeView(msgspec.Struct, frozen=True, kw_only=True):
    """The section as the page draws it; ``away`` says in words that Frontdesk told nothing, and then the rest is empty."""

    away: str | None = None
    is_syncing: bool = False
    sources: list[SourceLine] = []
    live: Live | None = None
    refused: Refusal | None = None


class NotTold(Exception):
    """Frontdesk told nothing; the words are for the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """Somebody of the YAML who may start syncs."""

    id: str
    password: str = field(repr=False)

    @property
    def authorization(self) -> str:
        """The header of HTTP Basic (RFC 7617)."""
        return "Basic " + b64encode(f"{self.id}:{self.password}".encode()).decode("ascii")


@dataclass(kw_only=True)
class KnowledgeWindow:
    """One tenant's knowledge.

    ``account`` is a web account of the tenant; ``public`` and ``internal`` are the origins of Frontdesk's listeners.  Without an
    ``admin`` nobody can start a sync here.
    """

    tenant: str
    account: str
    public: str
    internal: str
    inside: Callable[[], Awaitable[Inside]]
    admin: Admin | None = None
    _http: aiohttp.ClientSession | None = field(default=None, repr=False)

    def mount(self, app: web.Application) -> None:
        """Put the calls into the lab's application, whose guard judges who may make them."""
        app.add_routes([web.get("/api/knowledge", self._show), web.post("/api/knowledge/sync", self._sync)])
        app.cleanup_ctx.append(self._connected)

    def about(self) -> dict[str, Any]:
        """Whether a sync can be started, and where the whole page about knowledge is."""
        return {"can_sync": self.admin is not None, "page": f"{self.internal}/knowledge?tenant={self.tenant}"}

    async def view(self) -> KnowledgeView:
        """How it stands now."""
        try:
            told = await self._told()
        except NotTold as error:
            return KnowledgeView(away=str(error))
        inside = await self.inside()
        return KnowledgeView(
            is_syncing=inside.is_syncing,
            sources=[replace(one, error=inside.problems.get(one.id, one.error)) for one in told.sources],
            live=told.generation,
            refused=inside.refused,
        )

    async def _told(self) -> Told:
        """What Frontdesk tells anybody; ``NotTold`` when it does not."""
        status, body = await self._call(
            hdrs.METH_GET, f"{self.public}/kb/sync_status", params={"account": self.account}
        )
        if status != 200:
            raise NotTold(_words(status, body))
        try:
            return msgspec.json.decode(body, type=Told)
        except msgspec.DecodeError as error:
            raise NotTold("Frontdesk answered something else than the state of its knowledge.") from error

    async def _call(self, method: str, url: str, **more: Any) -> tuple[int, bytes]:
        """Status and body; ``NotTold`` when nobody answers in time."""
        assert self._http is not None, "the application runs"
        try:
            async with self._http.request(method, url, allow_redirects=False, **more) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotTold(SILENT) from error

    async def _connected(self, app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_LIMIT_S)) as self._http:
            yield

    async def _show(self, request: web.Request) -> web.Response:
        return json(asdict(await self.view()))

    async def _sync(self, request: web.Request) -> web.Response:
        """204 when a sync has begun, 409 with Frontdesk's words when it has not."""
        if self.admin is None:
            raise web.HTTPConflict(text="The YAML names no admin of this company, so nobody may start a sync here.")
        headers = {hdrs.AUTHORIZATION: self.admin.authorization}
        url, asked = f"{self.internal}/admin/kb/sync", {"tenant": self.tenant}
        try:
            status, body = await self._call(hdrs.METH_POST, url, json=asked, headers=headers)
        except NotTold as error:
            raise web.HTTPBadGateway(text=str(error)) from error
        if status != 202:
            raise web.HTTPConflict(text=_words(status, body))
        return web.Response(status=204, headers=CALL_HEADERS)


def _words(status: int, body: bytes) -> str:
    """Why Frontdesk refused, in its own words where it has some (RFC 9457)."""
    try:
        detail = msgspec.json.decode(body, type=dict[str, Any]).get("detail")
    except msgspec.DecodeError:
        detail = None
    return detail if isinstance(detail, str) and detail else f"Frontdesk answered {status}."
