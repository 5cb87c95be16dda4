"""Webhooks as Zendesk makes them: one per event, signed, in the order of events, tried again where Zendesk does."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from gateway.lab.desks.zendesk.state import Comment, Happening, Person
from gateway.lab.vendor import Hook

ACCOUNT = 22_129_848
TRIES = 3
AGAIN = frozenset((409, 429, 503))

Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One webhook call; ``id`` stays the same when it is made again."""

    id: str
    body: bytes


class Poster:
    """Makes the calls of one webhook in the background; ``hold`` keeps them back, ``is_lost`` throws them away."""

    def __init__(self, hook: Hook, secret: str, clock: Callable[[], datetime]) -> None:
        self.hook = hook
        self.secret = secret
        self.webhook_id = "01LABWEBHOOK"
        self.is_holding = False
        self.is_lost = False
        self.held: list[Call] = []
        self.answers: list[int] = []
        """The status of each call so far; 0 when there was no answer."""
        self._clock = clock
        self._count = 0
        self._waiting: asyncio.Queue[Call] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None

    def tell(self, happening: Happening, people: Mapping[int, Person]) -> None:
        """An event happened."""
        self._count += 1
        body = _envelope(self._count, self._clock(), happening, people)
        self.put(Call(f"01LABCALL{self._count:08d}", json.dumps(body).encode()))

    def put(self, call: Call) -> None:
        """Make a call, keep it back or lose it."""
        if self.is_lost or not self.hook.url:
            return
        if self.is_holding:
            self.held.append(call)
            return
        self._waiting.put_nowait(call)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work(), name="zendesk-webhooks")

    async def settled(self) -> None:
        """Wait until every call was made."""
        await self._waiting.join()

    def headers(self, call: Call) -> dict[str, str]:
        """What proves a call, made now."""
        stamp = self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        digest = hmac.new(self.secret.encode(), stamp.encode() + call.body, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Zendesk Webhook",
            "X-Zendesk-Account-Id": str(ACCOUNT),
            "X-Zendesk-Webhook-Id": self.webhook_id,
            "X-Zendesk-Webhook-Invocation-Id": call.id,
            "X-Zendesk-Webhook-Signature-Timestamp": stamp,
            "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
        }

    async def close(self) -> None:
        """Stop; safe twice."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        await self.hook.close()

    async def _work(self) -> None:
        while True:
            call = await self._waiting.get()
            try:
                await self._post(call)
            finally:
                self._waiting.task_done()

    async def _post(self, call: Call) -> None:
        for _ in range(TRIES):
            try:
                answer = await self.hook.post(call.body, self.headers(call))
            except (TimeoutError, aiohttp.ClientError):
                self.answers.append(0)
                continue
            self.answers.append(answer.status)
            if answer.status not in AGAIN:
                return


def _envelope(number: int, now: datetime, happening: Happening, people: Mapping[int, Person]) -> Wire:
    ticket, comment = happening.ticket, happening.comment
    at = now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    said = {"comment": _comment(comment, people)} if comment is not None else {}
    return {
        "account_id": ACCOUNT,
        "id": f"lab-event-{number}",
        "type": f"zen:event-type:ticket.{happening.name}",
        "time": at,
        "zendesk_event_version": "2022-11-06",
        "subject": f"zen:ticket:{ticket.id}",
        "detail": {
            "id": str(ticket.id),
            "actor_id": str(happening.actor.id),
            "assignee_id": str(ticket.assignee) if ticket.assignee else None,
            "brand_id": "1",
            "group_id": str(ticket.group) if ticket.group else None,
            "requester_id": str(ticket.requester),
            "submitter_id": str(ticket.submitter),
            "subject": ticket.subject,
            "status": ticket.status.upper(),
            "priority": ticket.priority.upper() if ticket.priority else None,
            "type": "question",
            "tags": list(ticket.tags),
            "external_id": ticket.external_id,
            "is_public": any(one.public for one in ticket.comments),
            "via": {"channel": "web_service"},
            "created_at": ticket.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "updated_at": at,
        },
        "event": {"meta": {"sequence": {"id": f"lab-{number}", "position": 1, "total": 1}}, **happening.event, **said},
    }


def _comment(comment: Comment, people: Mapping[int, Person]) -> Wire:
    author = people[comment.author]
    return {
        "id": str(comment.id),
        "body": comment.plain[:1_000],
        "is_public": comment.public,
        "author": {"id": str(author.id), "is_staff": author.role != "end-user", "name": author.name},
    }
