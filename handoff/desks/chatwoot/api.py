"""The few calls of Chatwoot's API that we make; retries are the outbox's matter, never ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from core.errors import OutcomeUnknown, ProviderUnavailable
from core.vendors.http import Answer, VendorHttp
from handoff.desks.chatwoot.errors import error_of
from handoff.desks.chatwoot.payloads import ConversationWire, MessageWire, read
from handoff.desks.chatwoot.settings import ChatwootSettings
from handoff.kit.enclosing import Enclosed, flat, form_of

CALL_LIMIT_S: Final = 30.0
TAKEN: Final = 422
GONE: Final = 404


class ChatwootApi:
    """One account's API."""

    def __init__(self, settings: ChatwootSettings) -> None:
        token = settings.api_token.get_secret_value()
        self._http = VendorHttp(limit_s=CALL_LIMIT_S, headers={"api_access_token": token})
        self._root = settings.base
        self._account = f"{settings.base}/api/v1/accounts/{settings.account_id}"
        self._inbox_id = settings.inbox_id
        self._own_id: int | None = None

    @property
    def own_id(self) -> int | None:
        """Our user's id, once ``me`` was asked."""
        return self._own_id

    async def me(self) -> int:
        """Our user's id, asked once."""
        if self._own_id is None:
            found = (await self.profile()).json()
            if not isinstance(found, dict) or not isinstance(found.get("id"), int):
                raise ProviderUnavailable("Chatwoot's profile says no id.")
            self._own_id = found["id"]
        return self._own_id

    async def profile(self) -> Answer:
        """Our user; the answer's ``Date`` is Chatwoot's clock."""
        return await self._get(f"{self._root}/api/v1/profile")

    async def inbox(self) -> dict[str, Any]:
        """Our inbox."""
        found = (await self._get(f"{self._account}/inboxes/{self._inbox_id}")).json()
        return found if isinstance(found, dict) else {}

    async def listed(self, what: str) -> list[dict[str, Any]]:
        """The account's ``agents``, ``teams`` or ``labels``."""
        found = (await self._get(f"{self._account}/{what}")).json()
        items = found.get("payload") if isinstance(found, dict) else found
        return [item for item in items or () if isinstance(item, dict)]

    async def create_contact(self, body: Mapping[str, Any]) -> int | None:
        """Make a contact; None when another one has its identifier or email."""
        answer = await self._http.call("POST", f"{self._account}/contacts", json={"inbox_id": self._inbox_id, **body})
        if answer.status == TAKEN:
            return None
        made = _at(_checked(answer, is_write=True).json(), "payload", "contact", "id")
        if not isinstance(made, int):
            raise OutcomeUnknown("Chatwoot made a contact, but its answer has no id.")
        return made

    async def find_contact(self, field: str, value: str) -> int | None:
        """The contact whose identifier or email is just this; Chatwoot searches its database."""
        answer = await self._get(f"{self._account}/contacts/search", {"q": value})
        wanted = value.casefold()
        for item in _at(answer.json(), "payload") or ():
            if isinstance(item, dict) and str(item.get(field) or "").casefold() == wanted:
                return int(item["id"])
        return None

    async def has_contact(self, contact: str) -> bool:
        """Whether the contact is still there."""
        answer = await self._read(f"{self._account}/contacts/{contact}")
        return answer.status != GONE and bool(_checked(answer))

    async def conversations_of(self, contact: str) -> list[ConversationWire]:
        """A contact's newest conversations (Chatwoot lists 20), read from the database; none when the contact is gone."""
        answer = await self._read(f"{self._account}/contacts/{contact}/conversations")
        if answer.status == GONE:
            return []
        return _conversations(_at(_checked(answer).json(), "payload"))

    async def conversations(self, page: int) -> list[ConversationWire]:
        """The inbox's conversations in any status, the last active first; 25 a page."""
        query = {
            "inbox_id": str(self._inbox_id),
            "status": "all",
            "sort_by": "last_activity_at_desc",
            "page": str(page),
        }
        return _conversations(_at((await self._get(f"{self._account}/conversations", query)).json(), "data", "payload"))

    async def create_conversation(self, body: dict[str, Any], files: Sequence[Enclosed]) -> str:
        """Open a conversation with its first message, both or neither; its number."""
        answer = await self._send(f"{self._account}/conversations", body, files, "message[attachments][]")
        made = _at(_checked(answer, is_write=True).json(), "id")
        if not isinstance(made, int):
            raise OutcomeUnknown("Chatwoot opened a conversation, but its answer has no id.")
        return str(made)

    async def conversation(self, ref: str) -> ConversationWire:
        """One conversation; ``CaseGone``."""
        return _struct((await self._case("GET", ref)).json())

    async def create_message(self, ref: str, body: dict[str, Any], files: Sequence[Enclosed]) -> str:
        """Add a message; its id."""
        answer = await self._send(f"{self._account}/conversations/{ref}/messages", body, files, "attachments[]")
        made = _at(_checked(answer, is_write=True, on_case=True).json(), "id")
        if not isinstance(made, int):
            raise OutcomeUnknown("Chatwoot took the message, but its answer has no id.")
        return str(made)

    async def messages(self, ref: str, **query: str) -> list[MessageWire]:
        """A part of a conversation, oldest first: ``after`` an id at most 100, ``before`` one 20, the newest 20 otherwise."""
        found = _at((await self._case("GET", ref, "/messages", query=query)).json(), "payload")
        try:
            return read(found, list[MessageWire])
        except msgspec.ValidationError as error:
            raise ProviderUnavailable(f"Chatwoot's messages cannot be read: {error}") from error

    async def act(self, ref: str, what: str, body: Mapping[str, Any]) -> None:
        """Change something of a conversation (``toggle_status``, ``assignments`` …); safe twice."""
        await self._case("POST", ref, f"/{what}", body=body)

    async def close(self) -> None:
        """Close the connections; safe twice."""
        await self._http.close()

    async def _case(
        self,
        method: str,
        ref: str,
        path: str = "",
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        url = f"{self._account}/conversations/{ref}{path}"
        if method == "GET":
            return _checked(await self._read(url, query), on_case=True)
        return _checked(await self._http.call(method, url, json=body), is_write=True, on_case=True)

    async def _get(self, url: str, query: Mapping[str, str] | None = None) -> Answer:
        return _checked(await self._read(url, query))

    async def _read(self, url: str, query: Mapping[str, str] | None = None) -> Answer:
        """A call that changes nothing: when its answer is lost, it may simply be made again."""
        try:
            return await self._http.call("GET", url, params=query)
        except OutcomeUnknown as error:
            raise ProviderUnavailable("Chatwoot's answer was lost.") from error

    async def _send(self, url: str, body: dict[str, Any], files: Sequence[Enclosed], field: str) -> Answer:
        if not files:
            return await self._http.call("POST", url, json=body)
        form = form_of(flat(body), files, field=field)
        return await self._http.call("POST", url, data=form)


def _checked(answer: Answer, *, is_write: bool = False, on_case: bool = False) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    raise error_of(answer, is_write=is_write, on_case=on_case)


def _at(found: Any, *path: str) -> Any:
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _struct(found: object) -> ConversationWire:
    try:
        return read(found, ConversationWire)
    except msgspec.ValidationError as error:
        raise ProviderUnavailable(f"Chatwoot's conversation cannot be read: {error}") from error


def _conversations(found: object) -> list[ConversationWire]:
    return [_struct(item) for item in found] if isinstance(found, list) else []
