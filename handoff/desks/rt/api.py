"""The few calls of RT's REST 2 that we make; retries are the outbox's matter, never ours."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from core.errors import CaseGone, MessageRejected, OutcomeUnknown, ProviderUnavailable
from core.vendors.http import Answer, VendorHttp
from handoff.desks.rt.errors import error_of
from handoff.desks.rt.payloads import PartWire, QueueWire, TicketWire, TransactionWire, UserWire
from handoff.desks.rt.settings import RtSettings
from handoff.kit.enclosing import Enclosed, form_of

T = TypeVar("T")

CALL_LIMIT_S: Final = 30.0
PER_PAGE: Final = 100
"""The most that RT gives in one page."""
GONE: Final = 404
ENVELOPE_BYTES: Final = 65_536
"""What stands around a file's base64 in its JSON."""

HISTORY_FIELDS: Final = "Type,Creator,Created,Data,NewValue,ObjectId"


class RtApi:
    """One user's way to one RT."""

    def __init__(self, settings: RtSettings) -> None:
        self._http = VendorHttp(limit_s=CALL_LIMIT_S, headers={"Authorization": _authorization(settings)})
        self._root = f"{settings.base}/REST/2.0"

    async def version(self) -> Answer:
        """RT's version; the answer's ``Date`` is its clock."""
        return _checked(await self._read("rt"))

    async def user(self, name: str) -> UserWire | None:
        """A user by name; None when there is none, or ours may not see them."""
        answer = await self._read(f"user/{quote(name, safe='')}")
        if answer.status in (403, GONE):
            return None
        return _struct(_checked(answer), UserWire)

    async def queue(self, name: str) -> QueueWire | None:
        """A queue by name; None when there is none, or our user may not see it."""
        answer = await self._read(f"queue/{quote(name, safe='')}")
        if answer.status in (403, GONE):
            return None
        return _struct(_checked(answer), QueueWire)

    async def search(self, query: str) -> list[str]:
        """The ids of the tickets that a TicketSQL query finds, from the database; never deleted nor merged ones."""
        refs: list[str] = []
        asked = {"query": query, "orderby": "id", "order": "ASC", "per_page": str(PER_PAGE)}
        page = 1
        while items := _items(_checked(await self._read("tickets", {**asked, "page": str(page)}))):
            refs += [str(item.get("id")) for item in items]
            page += 1
            if len(items) < PER_PAGE:
                break
        return refs

    async def deleted_since(self, at: str) -> list[str]:
        """The ids of the tickets that were deleted since then ("2026-11-21 22:00:00", UTC)."""
        wanted = [
            {"field": "Type", "value": "Status"},
            {"field": "NewValue", "value": "deleted"},
            {"field": "Created", "operator": ">=", "value": at},
        ]
        refs: list[str] = []
        page = 1
        while True:
            asked = {"fields": "ObjectId", "per_page": str(PER_PAGE), "page": str(page)}
            answer = await self._reading("POST", "transactions", params=asked, json=wanted)
            items = _items(_checked(answer))
            refs += [str(item.get("ObjectId")) for item in items]
            page += 1
            if not items:
                return refs

    async def ticket(self, ref: str) -> TicketWire:
        """A ticket, or the one it was merged into; ``CaseGone`` when it is not there or deleted."""
        answer = await self._read(f"ticket/{ref}", {"fields[Queue]": "Name"})
        if answer.status == GONE:
            raise CaseGone("RT has no such ticket.")
        found = _struct(_checked(answer), TicketWire)
        if found.Status == "deleted":
            raise CaseGone("The ticket was deleted.")
        return found

    async def create(self, body: Mapping[str, Any], files: Sequence[Enclosed]) -> str:
        """Make a ticket with what is first written in it, both or neither; its id.  ``MessageRejected`` for a queue."""
        answer = _checked(await self._write("ticket", body, files), is_write=True)
        made = answer.json()
        if not isinstance(made, dict) or not str(made.get("id", "")).isdigit():
            raise OutcomeUnknown("RT made a ticket, but its answer has no id.")
        return str(made["id"])

    async def write(self, ref: str, how: str, body: Mapping[str, Any], files: Sequence[Enclosed]) -> str:
        """Write in a ticket; ``how`` is correspond or comment.  The transaction's id."""
        answer = _checked(await self._write(f"ticket/{ref}/{how}", body, files), is_write=True)
        made = answer.headers.get("Location", "").rpartition("/")[2]
        if not made.isdigit():
            raise OutcomeUnknown("RT took the words, but its answer names no transaction.")
        return made

    async def update(self, ref: str, body: Mapping[str, Any]) -> None:
        """Change a ticket.  RT says what it left undone only in words for people: read the ticket to know."""
        answer = await self._http.call("PUT", f"{self._root}/ticket/{ref}", json=body)
        if answer.status == GONE:
            raise CaseGone("RT has no such ticket.")
        _checked(answer, is_write=True)

    async def history(self, ref: str, *, page: int) -> list[TransactionWire]:
        """A page of a ticket's history, the newest first; empty after the last."""
        asked = {
            "fields": HISTORY_FIELDS,
            "orderby": "id",
            "order": "DESC",
            "per_page": str(PER_PAGE),
            "page": str(page),
        }
        found = _items(_checked(await self._read(f"ticket/{ref}/history", asked)))
        return _converted(found, list[TransactionWire])

    async def parts(self, transaction: str) -> list[PartWire]:
        """What a transaction consists of."""
        parts: list[PartWire] = []
        page = 1
        while True:
            asked = {"fields": "ContentType,Filename,Headers", "per_page": str(PER_PAGE), "page": str(page)}
            items = _items(_checked(await self._read(f"transaction/{transaction}/attachments", asked)))
            parts += _converted(items, list[PartWire])
            if len(items) < PER_PAGE:
                return parts
            page += 1

    async def content(self, part: str, *, limit_bytes: int) -> bytes:
        """The bytes of a part, text in UTF-8; ``MessageRejected`` when larger."""
        most = limit_bytes * 3 // 2 + ENVELOPE_BYTES
        answer = await self._reading("GET", f"attachment/{part}", limit_bytes=most)
        if answer.status in (403, GONE):
            raise MessageRejected("RT has no such file any more.")
        found = _checked(answer).json()
        content = found.get("Content") if isinstance(found, dict) else None
        try:
            body = base64.b64decode(content or "")
        except (binascii.Error, TypeError, ValueError) as error:
            raise ProviderUnavailable("RT's file cannot be read.") from error
        if len(body) > limit_bytes:
            raise MessageRejected(f"The file is larger than {limit_bytes} bytes.")
        return body

    async def close(self) -> None:
        """Close the connections; safe twice."""
        await self._http.close()

    async def _read(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        return await self._reading("GET", path, params=query)

    async def _reading(self, method: str, path: str, **how: Any) -> Answer:
        """A call that changes nothing: when its answer is lost, it may simply be made again."""
        try:
            return await self._http.call(method, f"{self._root}/{path}", **how)
        except OutcomeUnknown as error:
            raise ProviderUnavailable("RT's answer was lost.") from error

    async def _write(self, path: str, body: Mapping[str, Any], files: Sequence[Enclosed]) -> Answer:
        """As a form when files go along: RT 5.0.3 garbles names beyond ASCII in JSON, not in forms."""
        if not files:
            return await self._http.call("POST", f"{self._root}/{path}", json=body)
        form = form_of([("JSON", msgspec.json.encode(body).decode())], files, field="Attachments")
        return await self._http.call("POST", f"{self._root}/{path}", data=form)


def _authorization(settings: RtSettings) -> str:
    if settings.token_text:
        return f"token {settings.token_text}"
    password = settings.password.get_secret_value() if settings.password else ""
    return aiohttp.encode_basic_auth(settings.user, password, encoding="utf-8")


def _checked(answer: Answer, *, is_write: bool = False) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    raise error_of(answer, is_write=is_write)


def _items(answer: Answer) -> list[dict[str, Any]]:
    found = answer.json()
    items = found.get("items") if isinstance(found, dict) else None
    if not isinstance(items, list):
        raise ProviderUnavailable("RT's list cannot be read.")
    return [item for item in items if isinstance(item, dict)]


def _struct(answer: Answer, kind: type[T]) -> T:
    return _converted(answer.json(), kind)


def _converted(found: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ProviderUnavailable(f"RT's answer cannot be read: {error}") from error
