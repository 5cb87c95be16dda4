"""The webhook desk: its stand-in over HTTP.  What it cannot tell by an event, nobody hears of."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp.test_utils import TestServer

from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseStatus
from gateway.lab.desks.weather import Trouble
from gateway.lab.desks.webhook import WebhookDeskLab
from gateway.lab.desks.webhook.lab import HeldCase, HeldEntry
from tests.contracts.desks.backstage import Missing, Receive, SeenCase, SeenEntry


class WebhookBackstage:
    """Implements tests.contracts.desks.backstage.Backstage."""

    kind = "webhook"
    is_slow_to_start = False
    forgets_wishes = True

    def __init__(self) -> None:
        self.lab = WebhookDeskLab()
        self.lab.checks_time = False
        self.settings: Mapping[str, Any] = {}
        self._server = TestServer(self.lab.app())

    async def start(self) -> None:
        await self._server.start_server()
        self.settings = self.lab.settings(str(self._server.make_url("")).rstrip("/"))

    async def stop(self) -> None:
        await self._server.close()

    def connect(self, receive: Receive) -> None:
        async def post(body: bytes, headers: Mapping[str, str]) -> int:
            return await receive(_request(body, headers))

        self.lab.outlet.post = post

    async def cases(self) -> tuple[SeenCase, ...]:
        return tuple(self._case(case) for case in self.lab.cases.values() if not case.is_deleted)

    def _case(self, case: HeldCase) -> SeenCase:
        return SeenCase(
            ref=case.ref,
            key=case.facts["key"],
            subject=case.facts["subject"],
            status=CaseStatus(case.status),
            assignee=case.assignee,
            team=case.team,
            urgency=case.urgency,
            tags=frozenset(case.tags),
            entries=tuple(self._entry(entry) for entry in case.entries),
        )

    def _entry(self, entry: HeldEntry) -> SeenEntry:
        links = "".join(f"\n{each['name']}: {each['url']}" for each in entry.links)
        return SeenEntry(
            id=entry.id,
            by=By(entry.by),
            author=entry.author,
            text=entry.text + links,
            is_public=entry.is_public,
            files={each["name"]: self._bytes(each) for each in entry.files},
        )

    def _bytes(self, file: dict[str, Any]) -> bytes:
        return base64.b64decode(file["data"]) if file.get("data") else self.lab.files[file["id"]]

    async def reply(self, ref: str, text: str, *, agent: str = "sue", files: Mapping[str, bytes] = {}) -> str:
        return await self.lab.reply(ref, text, agent=agent, files=files)

    async def note(self, ref: str, text: str, *, agent: str = "sue") -> str:
        return await self.lab.note(ref, text, agent=agent)

    async def assign(self, ref: str, agent: str) -> None:
        await self.lab.assign(ref, agent)

    async def solve(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.set_status(ref, "solved", agent)

    async def close(self, ref: str) -> None:
        await self.lab.set_status(ref, "closed", "sue")

    async def reopen(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.set_status(ref, "open", agent)

    async def give_back(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.give_back(ref, agent)

    async def delete(self, ref: str) -> None:
        self.lab.cases[ref].is_deleted = True

    async def merge(self, ref: str, into: str) -> None:
        raise Missing

    async def edit(self, ref: str, entry: str, text: str) -> None:
        await self.lab.edit(ref, entry, text)

    async def remove(self, ref: str, entry: str) -> None:
        await self.lab.remove(ref, entry)

    async def stranger(self, ref: str, text: str) -> None:
        """The desk tells of its agents only."""

    def throttle(self, times: int, retry_after_s: float) -> None:
        self.lab.weather.add(Trouble.THROTTLED, times=times, retry_after_s=retry_after_s)

    def fail(self, times: int) -> None:
        self.lab.weather.add(Trouble.FAILED, times=times)

    def lose_answers(self, times: int) -> None:
        self.lab.weather.add(Trouble.LOST, times=times)

    def refuse_credentials(self, refuse: bool) -> None:
        self.lab.weather.refuses = refuse

    def down(self, is_down: bool) -> None:
        self.lab.weather.is_down = is_down

    def hold(self) -> None:
        self.lab.outlet.hold()

    async def release(self, *, order: str = "as made", copies: int = 1) -> None:
        await self.lab.outlet.release(is_reversed=order == "reversed", copies=copies)

    async def drop(self) -> None:
        self.lab.outlet.drop()
        self.lab.weather.clear()

    def forged(self) -> RawRequest | None:
        headers = self.lab.signed("event-0", b"{}")
        return _request(self._said("case-1"), headers)

    def unknown_case(self) -> RawRequest | None:
        body = self._said("case-999999")
        return _request(body, self.lab.signed("event-0", body))

    def _said(self, ref: str) -> bytes:
        agent = {"id": "a1", "name": "Sue Jones"}
        return json.dumps({"type": "reply", "ref": ref, "id": "e0", "agent": agent, "text": "Hello?"}).encode()

    @property
    def calls(self) -> int:
        return self.lab.weather.calls


def _request(body: bytes, headers: Mapping[str, str]) -> RawRequest:
    return RawRequest(
        method="POST", path="/webhooks/desk/acme", headers=headers, body=body, received_at=datetime.now(UTC)
    )
