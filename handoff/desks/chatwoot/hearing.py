"""Chatwoot's webhooks: proven and understood, without I/O (source of 4.x, November 2026).

A whole message is believed only when the call was signed and we know our own user; otherwise the call is a ping, and the
conversation is read through the API.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from core.errors import PayloadMalformed
from core.inbound import Ignored
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseTouched, EntryMade, Heard
from handoff.desks.chatwoot.payloads import ConversationWire, Event, MessageWire
from handoff.desks.chatwoot.reading import by_of, case_key, entry_of, type_of
from handoff.desks.chatwoot.settings import ChatwootSettings, Verify
from handoff.kit.proof import check_hmac, check_time, check_token, header, query_token

T = TypeVar("T")

SIGNATURE: Final = "X-Chatwoot-Signature"
TIMESTAMP: Final = "X-Chatwoot-Timestamp"
PREFIX: Final = "sha256="

MESSAGES: Final = frozenset(("message_created", "message_updated"))
CONVERSATIONS: Final = frozenset(("conversation_status_changed", "conversation_updated"))
IGNORED: Final = {
    "conversation_created": "our own opening",
    "conversation_typing_on": "typing",
    "conversation_typing_off": "typing",
    "contact_created": "contact",
    "contact_updated": "contact",
    "webwidget_triggered": "widget",
}


class Hearing:
    """What one inbox's webhook says."""

    def __init__(self, settings: ChatwootSettings) -> None:
        self._settings = settings

    def verify(self, request: RawRequest) -> None:
        """By the mode of the settings; ``SignatureInvalid``."""
        match self._settings.verify:
            case Verify.HMAC:
                at = header(request, TIMESTAMP)
                signed = at.encode("utf-8", "replace") + b"." + request.body
                check_hmac(self._settings.secrets, header(request, SIGNATURE), signed, prefix=PREFIX)
                check_time(at, request.received_at)
            case Verify.TOKEN:
                check_token((self._settings.token,), query_token(request))
            case Verify.OFF:
                return

    def parse(self, request: RawRequest, own_id: int | None) -> tuple[Heard, ...]:
        """What it means; ``own_id`` is our user, None while nobody knows."""
        event = _decode(request.body, Event)
        if event.event in IGNORED:
            return (Ignored(IGNORED[event.event]),)
        if event.account is not None and event.account.id != self._settings.account_id:
            return (Ignored("another account"),)
        if event.event in CONVERSATIONS:
            return (self._conversation(_decode(request.body, ConversationWire)),)
        if event.event in MESSAGES and event.conversation is not None:
            return (self._message(event, event.conversation, _decode(request.body, MessageWire), own_id),)
        return (Ignored("unknown event"),)

    def _conversation(self, conversation: ConversationWire) -> Heard:
        if self._is_elsewhere(conversation.inbox_id):
            return Ignored("another inbox")
        return CaseTouched(ref=str(conversation.id), key=case_key(conversation))

    def _message(self, event: Event, conversation: ConversationWire, message: MessageWire, own_id: int | None) -> Heard:
        if self._is_elsewhere(event.inbox.id if event.inbox else conversation.inbox_id):
            return Ignored("another inbox")
        if type_of(message) in ("activity", "template"):
            return Ignored("chatwoot's own line")
        by = by_of(message, own_id)
        if by is By.OURS:
            return Ignored("our own message")
        if by is not By.AGENT:
            return Ignored("not an agent")
        if self._settings.verify is not Verify.HMAC or own_id is None:
            return CaseTouched(ref=str(conversation.id), key=case_key(conversation))
        return EntryMade(ref=str(conversation.id), entry=entry_of(message, own_id))

    def _is_elsewhere(self, inbox_id: int | None) -> bool:
        return inbox_id is not None and inbox_id != self._settings.inbox_id


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PayloadMalformed(f"This is no webhook of Chatwoot: {error}") from error
