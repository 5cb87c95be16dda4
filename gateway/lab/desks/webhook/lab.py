"""The stand-in: takes signed events and keeps them as cases, answers repeated ones as before, and posts what agents do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from gateway.lab.desks.outlet import Call, Outlet
from gateway.lab.desks.weather import Weather

SECRET: Final = "whsec_" + base64.b64encode(b"the lab's webhook desk, 32 bytes").decode()
AGENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "sue": {"id": "a1", "name": "Sue Jones", "email": "sue@desk.example"},
    "max": {"id": "a2", "name": "Max Lee", "email": "max@desk.example"},
}
MAX_BODY: Final = 16 * 1_048_576
TOLERANCE_S: Final = 300

Told = dict[str, Any]


@dataclass(kw_only=True)
class HeldEntry:
    """One entry; ``kind`` is public, note or agent's own words."""

    id: str
    key: str
    by: str
    author: str
    text: str
    is_public: bool
    files: list[Told] = field(default_factory=list)
    links: list[Told] = field(default_factory=list)


@dataclass(kw_only=True)
class HeldCase:
    """One case."""

    ref: str
    facts: Told
    status: str = "open"
    assignee: str | None = None
    team: str | None = None
    urgency: str = "normal"
    tags: set[str] = field(default_factory=set)
    entries: list[HeldEntry] = field(default_factory=list)
    is_deleted: bool = False


class WebhookDeskLab:
    """One receiver.  ``checks_time`` False takes events of any time, for simulated clocks."""

    kind = "webhook"

    def __init__(self, *, secret: str = SECRET) -> None:
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self.secret = secret
        self.cases: dict[str, HeldCase] = {}
        self.files: dict[str, bytes] = {}
        self.received: list[Told] = []
        self.outlet = Outlet()
        self.checks_time = True
        self.gives_ids = True
        self.address = ""
        self.weather = Weather(
            throttled=lambda after_s: web.Response(status=429, headers={"Retry-After": f"{after_s:.0f}"}),
            failed=lambda: web.Response(status=503),
            refused=lambda: web.Response(status=401),
        )
        self._answers: dict[str, Told] = {}
        self._numbers = itertools.count(1)

    def settings(self, address: str) -> Told:
        """The desk's block that talks to this stand-in at an address."""
        self.address = address
        return {"url": f"{address}/frontdesk", "secrets": [self.secret], "files": "inline"}

    def app(self) -> web.Application:
        """The receiver, and the place of agents' files."""
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self.weather.middleware])
        app.add_routes([web.post("/frontdesk", self._receive), web.get("/files/{id}", self._file)])
        return app

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._is_proven(request.headers, body):
            return web.Response(status=401, text="the signature does not match")
        event_id, event = request.headers["webhook-id"], json.loads(body)
        if event_id != event["id"]:
            return web.Response(status=400, text="the ids differ")
        if event_id in self._answers:
            return web.json_response(self._answers[event_id])
        self.received.append(event)
        return self._take(event)

    def _take(self, event: Told) -> web.Response:
        if event["type"] == "ping":
            return web.json_response({"ok": True})
        if event["type"] == "case.opened":
            return self._answer(event, self._open(event))
        case = self.cases.get(event["ref"])
        if case is None or case.is_deleted:
            return web.Response(status=410)
        if case.status == "closed":
            return web.Response(status=409)
        match event["type"]:
            case "entry.added" | "note.added":
                entry = self._entry(event["entry"], is_public=event["type"] == "entry.added")
                case.entries.append(entry)
                return self._answer(event, {"id": entry.id} if self.gives_ids else {})
            case "entry.changed":
                _edit(case, event["entry_id"], event["text"])
            case "case.changed":
                _change(case, event["change"])
        return self._answer(event, {})

    def _answer(self, event: Told, told: Told) -> web.Response:
        self._answers[event["id"]] = told
        return web.json_response(told)

    def _open(self, event: Told) -> Told:
        facts = event["case"]
        ref = f"case-{next(self._numbers)}" if self.gives_ids else str(facts["key"])
        case = HeldCase(ref=ref, facts=facts, team=facts["team"], urgency=facts["urgency"], assignee=facts["assignee"])
        case.tags |= {*facts["tags"]}
        case.entries.append(self._entry(event["entry"], is_public=True))
        self.cases[ref] = case
        return {"ref": ref} if self.gives_ids else {}

    def _entry(self, said: Told, *, is_public: bool) -> HeldEntry:
        return HeldEntry(
            id=f"entry-{next(self._numbers)}" if self.gives_ids else said["key"],
            key=said["key"],
            by=said["by"],
            author=said["author"],
            text=said["text"],
            is_public=is_public,
            files=said["files"],
            links=said["links"],
        )

    def _is_proven(self, headers: Mapping[str, str], body: bytes) -> bool:
        stamp = headers.get("webhook-timestamp", "")
        wanted = self._signature(headers.get("webhook-id", ""), stamp, body)
        is_fresh = stamp.isdigit() and abs(time.time() - int(stamp)) <= TOLERANCE_S
        given = headers.get("webhook-signature", "").split()
        return (is_fresh or not self.checks_time) and any(hmac.compare_digest(wanted, each) for each in given)

    def _signature(self, event_id: str, stamp: str, body: bytes) -> str:
        mac = hmac.new(self._key, f"{event_id}.{stamp}.".encode() + body, hashlib.sha256)
        return "v1," + base64.b64encode(mac.digest()).decode()

    async def _file(self, request: web.Request) -> web.Response:
        body = self.files.get(request.match_info["id"])
        return web.Response(status=404) if body is None else web.Response(body=body, content_type="image/png")

    def signed(self, event_id: str, body: bytes) -> dict[str, str]:
        """The headers of an event of ours, now."""
        stamp = str(int(time.time()))
        proof = {
            "webhook-id": event_id,
            "webhook-timestamp": stamp,
            "webhook-signature": self._signature(event_id, stamp, body),
        }
        return {"Content-Type": "application/json", **proof}

    async def _tell(self, **event: Any) -> None:
        body, event_id = json.dumps(event).encode(), f"event-{next(self._numbers)}"
        await self.outlet.call(Call(body, lambda given: self.signed(event_id, given)))

    async def reply(self, ref: str, text: str, *, agent: str, files: Mapping[str, bytes] | None = None) -> str:
        """An agent answers the customer; the entry's id."""
        told = [self._held(name, body) for name, body in (files or {}).items()]
        entry = self._by_agent(ref, text, agent, is_public=True, files=told)
        await self._tell(type="reply", ref=ref, id=entry.id, agent=AGENTS[agent], text=text, files=told)
        return entry.id

    def _held(self, name: str, body: bytes) -> Told:
        file_id = f"file-{next(self._numbers)}"
        self.files[file_id] = body
        url = f"{self.address}/files/{file_id}"
        return {"id": file_id, "name": name, "media_type": "image/png", "size_bytes": len(body), "url": url}

    async def note(self, ref: str, text: str, *, agent: str) -> str:
        """An agent leaves a private note; the entry's id."""
        entry = self._by_agent(ref, text, agent, is_public=False)
        await self._tell(type="note", ref=ref, id=entry.id, agent=AGENTS[agent], text=text)
        return entry.id

    def _by_agent(
        self, ref: str, text: str, agent: str, *, is_public: bool, files: list[Told] | None = None
    ) -> HeldEntry:
        made, name = f"entry-{next(self._numbers)}", AGENTS[agent]["name"]
        entry = HeldEntry(id=made, key="", by="agent", author=name, text=text, is_public=is_public, files=files or [])
        self.cases[ref].entries.append(entry)
        return entry

    async def assign(self, ref: str, agent: str) -> None:
        """An agent has the case now."""
        self.cases[ref].assignee = agent
        await self._wish("assigned", ref, agent)

    async def give_back(self, ref: str, agent: str) -> None:
        """An agent presses the button that this desk has for it."""
        await self._wish("give_back", ref, agent)

    async def set_status(self, ref: str, status: str, agent: str) -> None:
        """An agent changes the status."""
        self.cases[ref].status = status
        await self._wish("status", ref, agent, status=status)

    async def _wish(self, kind: str, ref: str, agent: str, **more: Any) -> None:
        await self._tell(type=kind, ref=ref, id=f"{kind}-{next(self._numbers)}", agent=AGENTS[agent], **more)

    async def edit(self, ref: str, entry_id: str, text: str, *, agent: str = "sue") -> None:
        """An agent changes an entry."""
        entry = self.entry(ref, entry_id)
        entry.text = text
        revision = f"revision-{next(self._numbers)}"
        facts = {"text": text, "revision": revision, "is_public": entry.is_public}
        await self._tell(type="edited", ref=ref, id=entry_id, agent=AGENTS[agent], **facts)

    async def remove(self, ref: str, entry_id: str, *, agent: str = "sue") -> None:
        """An agent deletes an entry."""
        entry = self.entry(ref, entry_id)
        self.cases[ref].entries.remove(entry)
        await self._tell(type="deleted", ref=ref, id=entry_id, agent=AGENTS[agent], is_public=entry.is_public)

    def entry(self, ref: str, entry_id: str) -> HeldEntry:
        """An entry by its id."""
        return next(entry for entry in self.cases[ref].entries if entry.id == entry_id)


def _edit(case: HeldCase, entry_id: str, text: str | None) -> None:
    for entry in [entry for entry in case.entries if entry.id == entry_id]:
        if text is None:
            case.entries.remove(entry)
        else:
            entry.text = text


def _change(case: HeldCase, change: Told) -> None:
    case.status = change["status"] or case.status
    case.urgency = change["urgency"] or case.urgency
    case.team = change["team"] if change["team"] is not None else case.team
    case.assignee = change["assignee"] if change["assignee"] is not None else case.assignee
    case.tags = (case.tags | {*change["add_tags"]}) - {*change["remove_tags"]}
