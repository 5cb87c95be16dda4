"""The stand-in: people at work in Chatwoot, and the webhooks that each change makes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web

from gateway.lab.desks.chatwoot.api import Api, is_true
from gateway.lab.desks.chatwoot.state import (
    DELETED_LINE,
    TYPES,
    Account,
    Conversation,
    Message,
    StoredFile,
    Told,
    User,
)
from gateway.lab.vendor import Faults, Hook

Deliver = Callable[[bytes, Mapping[str, str]], Awaitable[object]]


class ChatwootLab:
    """One account with one API-channel inbox.

    ``me`` is the user whose token Frontdesk has.  ``deliver`` makes a webhook call; until it is set, ``hook`` posts it.
    Calls are made one after the other, in the background; ``told`` waits for them.
    """

    kind = "chatwoot"

    def __init__(
        self,
        *,
        token: str = "lab-chatwoot-token",  # noqa: S107  the lab's own
        secret: str = "lab-chatwoot-secret",  # noqa: S107
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.token = token
        self.secret = secret
        self.me = User(1, "Frontdesk", "frontdesk@desk.example", "administrator")
        self.agents = {
            "sue": User(2, "Sue Jones", "sue@desk.example"),
            "max": User(3, "Max Lee", "max@desk.example"),
        }
        people = (self.me, *self.agents.values())
        self.account = Account(account_id=1, inbox_id=3, users=people, teams=("billing", "shipping"), clock=clock)
        self.watch = self.account.watch
        self.faults = Faults()
        self.hook = Hook()
        self.deliver: Deliver | None = None
        self.calls = 0
        self.retry_after_s = 1.0
        self.is_down = False
        self.refuses = False
        self.channel_type = "Channel::Api"
        self.inbox_attributes: Told = {}
        self.signs = True
        """Servers before 4.13 do not sign."""
        self._waiting: asyncio.Queue[tuple[bytes, dict[str, str]]] = asyncio.Queue()
        self._caller: asyncio.Task[None] | None = None

    @property
    def registered_url(self) -> str:
        """The webhook URL that stands in the inbox's configuration."""
        return self.hook.url

    def app(self) -> web.Application:
        """The API."""
        return Api(self).app()

    def settings(self, address: str) -> dict[str, Any]:
        """The desk's block that talks to this stand-in at an address."""
        self.account.address = address
        return {
            "api_url": address,
            "account_id": self.account.id,
            "inbox_id": self.account.inbox_id,
            "api_token": self.token,
            "webhook_secrets": [self.secret],
        }

    async def reply(self, conversation: int, text: str, *, agent: str, files: Mapping[str, bytes] | None = None) -> int:
        """An agent answers; the message's id."""
        return self._said(conversation, text, agent, private=False, files=files or {}).id

    async def note(self, conversation: int, text: str, *, agent: str) -> int:
        """An agent leaves a private note."""
        return self._said(conversation, text, agent, private=True, files={}).id

    def _said(self, number: int, text: str, agent: str, *, private: bool, files: Mapping[str, bytes]) -> Message:
        kept = [StoredFile(self.account.number(), name, "image/png", body) for name, body in files.items()]
        sender = ("user", self.agents[agent].id)
        made = self.account.write(
            self.account.conversations[number], 1, text, private=private, sender=sender, files=kept
        )
        self.tell_message("message_created", made)
        return made

    async def robot(self, conversation: int, text: str) -> None:
        """Another program's agent bot writes into the conversation."""
        made = self.account.write(self.account.conversations[conversation], 1, text, sender=("agent_bot", 9))
        self.tell_message("message_created", made)

    async def assign(self, conversation: int, agent: str) -> None:
        """Somebody is made responsible."""
        found = self.account.conversations[conversation]
        found.assignee = self.agents[agent].id
        self.account.write(found, 2, f"Assigned to {self.agents[agent].name}")
        self.updated(found)

    async def status(self, conversation: int, status: str, *, agent: str) -> None:
        """An agent resolves, opens, snoozes, or gives to the bot (pending)."""
        self.set_status(self.account.conversations[conversation], status, self.agents[agent])

    async def label(self, conversation: int, label: str) -> None:
        """An agent adds a label."""
        found = self.account.conversations[conversation]
        found.labels = [*found.labels, label]
        self.updated(found)

    async def delete(self, conversation: int) -> None:
        """An administrator deletes a conversation; no webhook tells."""
        del self.account.conversations[conversation]

    async def remove(self, conversation: int, message: int) -> None:
        """An agent deletes a message."""
        found = next(each for each in self.account.conversations[conversation].messages if each.id == message)
        found.content, found.attributes, found.files = DELETED_LINE, {"deleted": True}, []
        self.account.touch(self.account.conversations[conversation])
        self.tell_message("message_updated", found)

    def wrote(self, conversation: Conversation, body: Mapping[str, Any], files: list[StoredFile]) -> Message:
        """Our token wrote a message."""
        kind = TYPES.index(str(body.get("message_type") or "outgoing"))
        was = conversation.status
        made = self.account.write(
            conversation,
            kind,
            body.get("content"),
            private=is_true(body, "private"),
            sender=("contact", conversation.contact) if kind == 0 else ("user", self.me.id),
            source_id=body.get("source_id"),
            files=files,
        )
        self.tell_message("message_created", made)
        if conversation.status != was:
            self.tell_conversation("conversation_status_changed", conversation)
        return made

    def set_status(self, conversation: Conversation, status: str, user: User) -> None:
        """Somebody sets a status; an agent who opens it is made responsible."""
        conversation.status = status
        if status == "open" and user.role == "agent":
            conversation.assignee = user.id
        self.account.write(conversation, 2, f"Conversation was marked {status} by {user.name}")
        self.tell_conversation("conversation_status_changed", conversation)
        self.updated(conversation)

    def updated(self, conversation: Conversation) -> None:
        """Something else about it changed."""
        self.account.touch(conversation)
        self.tell_conversation("conversation_updated", conversation)

    def tell_message(self, event: str, message: Message) -> None:
        """A webhook about a message, as it stands now."""
        self._tell({**self.account.told_message(message), "event": event})

    def tell_conversation(self, event: str, conversation: Conversation) -> None:
        """A webhook about a conversation, as it stands now."""
        self._tell({**self.account.told_conversation(conversation), "event": event, "changed_attributes": []})

    def call(self, told: Mapping[str, Any], *, secret: str | None = None) -> tuple[bytes, dict[str, str]]:
        """A webhook call: its body and headers."""
        body = json.dumps(told, separators=(",", ":")).encode()
        at = str(int(self.account.now().timestamp()))
        proof = hmac.new((secret or self.secret).encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Chatwoot-Delivery": str(uuid.uuid4())}
        if self.signs:
            headers |= {"X-Chatwoot-Timestamp": at, "X-Chatwoot-Signature": f"sha256={proof}"}
        return body, headers

    def _tell(self, told: Mapping[str, Any]) -> None:
        self._waiting.put_nowait(self.call(told))
        if self._caller is None or self._caller.done():
            self._caller = asyncio.create_task(self._make_calls())

    async def _make_calls(self) -> None:
        """One after the other; a call that fails is not made again."""
        while not self._waiting.empty():
            body, headers = self._waiting.get_nowait()
            if self.deliver is not None:
                await self.deliver(body, headers)
            elif self.hook.url:
                try:
                    await self.hook.post(body, headers)
                except (aiohttp.ClientError, TimeoutError):
                    continue

    async def told(self) -> None:
        """Until every webhook call so far was made."""
        if self._caller is not None:
            await self._caller

    async def close(self) -> None:
        """Give up connections; safe twice."""
        await self.told()
        await self.hook.close()
