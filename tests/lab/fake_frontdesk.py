"""A Frontdesk that tells of its knowledge what a test wants told, over a real socket."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.http.problem import MEDIA_TYPE, problem
from gateway.http.wire import GenerationView, SourceView, SyncStatus
from gateway.lab.knowledge import Admin, Inside, KnowledgeWindow, Refusal

MINUTE: Final = 60.0
HOUR: Final = 3_600.0
PASSWORD: Final = "a-password-ünd-more"
SAM: Final = Admin(id="sam", password=PASSWORD)


def source(id: str = "help", outcome: str = "ok", *, age_s: float | None = 3 * MINUTE, **changes: Any) -> SourceView:
    """A source that is read every night and may be 24 hours old."""
    now = datetime.now(UTC)
    within_s = changes.pop("fresh_within_s", 24 * HOUR)
    facts: dict[str, Any] = {
        "kind": "folder",
        "started_at": now,
        "finished_at": now,
        "documents": 64,
        "problems": 0,
        "error": None,
        "next_run_at": now + timedelta(hours=9.5),
        "is_fresh": None if within_s is None else age_s is not None and age_s <= within_s,
    }
    return SourceView(id=id, outcome=outcome, age_s=age_s, fresh_within_s=within_s, **{**facts, **changes})


def release(*, documents: int = 64, hours_ago: float = 3.5) -> GenerationView:
    """What is answered from."""
    at = datetime.now(UTC) - timedelta(hours=hours_ago)
    return GenerationView(id="g_live", documents=documents, chunks=134, live_at=at)


def refusal(*reasons: str, hours_ago: float = 2.5) -> Refusal:
    """A release that waits."""
    return Refusal(at=datetime.now(UTC) - timedelta(hours=hours_ago), documents=12, reasons=list(reasons))


@dataclass(kw_only=True)
class FakeFrontdesk:
    """Both listeners in one, and a web chat to frame.

    ``asked`` is what was asked for, ``refuses`` what it answers instead of telling.
    """

    told: SyncStatus | bytes
    inside: Inside = field(default_factory=Inside)
    refuses: tuple[int, str] | None = None
    asked: list[tuple[str, Any]] = field(default_factory=list)
    url: str = ""
    runner: web.AppRunner | None = None

    async def look_inside(self) -> Inside:
        return self.inside

    def window(self, admin: Admin | None = SAM) -> KnowledgeWindow:
        """What the lab looks through."""
        return KnowledgeWindow(
            tenant="demo", account="demo-web", public=self.url, internal=self.url, inside=self.look_inside, admin=admin
        )

    async def go_away(self) -> None:
        """Nobody listens any more; safe twice."""
        if self.runner is not None:
            await self.runner.cleanup()

    async def _status(self, request: web.Request) -> web.Response:
        self.asked.append(("status", dict(request.query)))
        told = self.told if isinstance(self.told, bytes) else msgspec.json.encode(self.told)
        return self._refusal() or web.Response(body=told, content_type="application/json")

    async def _sync(self, request: web.Request) -> web.Response:
        scheme, encoded = request.headers["Authorization"].split(" ")
        assert scheme == "Basic"
        login, password = b64decode(encoded).decode().split(":", 1)
        self.asked.append(("sync", (login, password, await request.json())))
        refusal = self._refusal()
        if refusal is None:
            self.inside = Inside(is_syncing=True)
        return refusal or web.json_response({"started": []}, status=202)

    async def _frame(self, request: web.Request) -> web.Response:
        page = "<!doctype html><html lang=en><title>Chat</title><main><h1>The web chat</h1></main>"
        return web.Response(text=page, content_type="text/html")

    def _refusal(self) -> web.Response | None:
        if self.refuses is None:
            return None
        status, words = self.refuses
        body = msgspec.json.encode(problem(status, "sync_running", words)) if words else b"<h1>no JSON</h1>"
        return web.Response(status=status, body=body, content_type=MEDIA_TYPE)


@asynccontextmanager
async def frontdesk(*sources: SourceView, live: GenerationView | None = None) -> AsyncIterator[FakeFrontdesk]:
    """One that listens."""
    made = FakeFrontdesk(told=SyncStatus(sources=list(sources), generation=live))
    app = web.Application()
    app.add_routes(
        [
            web.get("/kb/sync_status", made._status),
            web.post("/admin/kb/sync", made._sync),
            web.get("/frame", made._frame),
        ]
    )
    made.runner = web.AppRunner(app, shutdown_timeout=1)
    await made.runner.setup()
    await web.TCPSite(made.runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{made.runner.addresses[0][1]}"
    yield made
    await made.go_away()
