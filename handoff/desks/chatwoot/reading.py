"""Chatwoot's messages and conversations as entries and cases; pure.

Relayed is only what a person of the desk (``sender.type`` user, not ours) said outgoing and not private.  Our own messages
carry our key in ``source_id``, which Chatwoot keeps and tells (source of 4.x, November 2026).
"""

from __future__ import annotations

import mimetypes
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from core.ports.helpdesk import By, CaseState, CaseStatus, DeskAgent, Entry, RemoteFile, Urgency
from handoff.desks.chatwoot.payloads import ConversationWire, FileWire, MessageWire, Sender

KEY_PREFIX: Final = "frontdesk:"
CASE: Final = "frontdesk_case"
OPENING: Final = "frontdesk_opening"
CONVERSATION: Final = "frontdesk_conversation"
CHANNEL: Final = "frontdesk_channel"
SUBJECT: Final = "frontdesk_subject"
WITH_BOT: Final = "frontdesk_with_bot"
"""Attributes of a conversation.  ``OPENING`` has the case's key from the start, ``CASE`` once its priority and labels are set;
``WITH_BOT`` says that its status is pending because we know that the bot goes on."""

PENDING: Final = "pending"
STATUSES: Final = {
    "open": CaseStatus.OPEN,
    PENDING: CaseStatus.PENDING,
    "snoozed": CaseStatus.PENDING,
    "resolved": CaseStatus.SOLVED,
}
WORDS: Final = {
    CaseStatus.OPEN: "open",
    CaseStatus.PENDING: PENDING,
    CaseStatus.SOLVED: "resolved",
    CaseStatus.CLOSED: "resolved",
}
PRIORITIES: Final = {
    Urgency.LOW: "low",
    Urgency.NORMAL: "medium",
    Urgency.HIGH: "high",
    Urgency.URGENT: "urgent",
}
TYPES: Final = {0: "incoming", 1: "outgoing", 2: "activity", 3: "template"}
MEDIA: Final = {"image": "image/jpeg", "audio": "audio/mpeg", "video": "video/mp4"}


def key_in(source_id: str | None) -> str | None:
    """Our entry's key in a message's ``source_id``; None: it is not ours."""
    if source_id is None or not source_id.startswith(KEY_PREFIX):
        return None
    return source_id.removeprefix(KEY_PREFIX)


def type_of(message: MessageWire) -> str:
    """incoming, outgoing, activity, template, or "" for what nobody knows."""
    given = message.message_type
    if isinstance(given, int):
        return TYPES.get(given, "")
    return given if given in TYPES.values() and given is not None else ""


def by_of(message: MessageWire, own_id: int | None) -> By:
    """Who said it."""
    sender, said = message.sender, type_of(message)
    if key_in(message.source_id) is not None:
        return By.OURS
    if said == "incoming":
        return By.CONTACT
    if said != "outgoing" or sender is None or (sender.type or "").lower() != "user" or sender.id is None:
        return By.OTHER
    return By.OURS if sender.id == own_id else By.AGENT


def agent_of(sender: Sender | None) -> DeskAgent | None:
    """A person of the desk."""
    if sender is None or sender.id is None:
        return None
    name = sender.available_name or sender.name or "Agent"
    return DeskAgent(id=str(sender.id), name=name, email=sender.email)


def entry_of(message: MessageWire, own_id: int | None) -> Entry:
    """A message as an entry."""
    by = by_of(message, own_id)
    is_deleted = bool((message.content_attributes or {}).get("deleted"))
    return Entry(
        id=str(message.id),
        by=by,
        is_public=not message.private if by is not By.OTHER and isinstance(message.private, bool) else None,
        text="" if is_deleted else message.content or "",
        at=moment(message.created_at),
        agent=agent_of(message.sender) if by is By.AGENT else None,
        key=key_in(message.source_id),
        files=() if is_deleted else tuple(file_of(file) for file in message.attachments or () if file.data_url),
        is_deleted=is_deleted,
    )


def file_of(file: FileWire) -> RemoteFile:
    """A file; its name is the end of its address."""
    url = file.data_url or ""
    name = unquote(urlsplit(url).path.rpartition("/")[2]) or f"file-{file.id}"
    guessed = mimetypes.guess_type(name)[0] or MEDIA.get(file.file_type or "", "application/octet-stream")
    return RemoteFile(id=str(file.id), name=name, media_type=guessed, size_bytes=file.file_size or 0, origin=url)


def moment(given: float | str | None) -> datetime:
    """A time in Unix seconds or ISO 8601; the beginning of time when there is none, so that it is never taken for news."""
    try:
        if isinstance(given, str):
            at = datetime.fromisoformat(given)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        return datetime.fromtimestamp(given or 0, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def attributes(conversation: ConversationWire) -> dict[str, Any]:
    """The conversation's custom attributes."""
    return conversation.custom_attributes or {}


def case_key(conversation: ConversationWire) -> str | None:
    """Our case's key; None: the conversation is not ours."""
    key = attributes(conversation).get(CASE)
    return key if isinstance(key, str) and key.startswith("fd:") else None


def state_of(conversation: ConversationWire, *, label: str, own_id: int | None) -> CaseState:
    """A conversation as a case.

    Agents give back by the label, or by the status pending unless we set it ourselves.  Our own user is nobody's agent:
    Chatwoot assigns a conversation to whoever opens it.
    """
    labels = frozenset(conversation.labels or ())
    is_ours = bool(attributes(conversation).get(WITH_BOT))
    assignee, team = conversation.meta.assignee, conversation.meta.team
    return CaseState(
        ref=str(conversation.id),
        status=STATUSES.get(conversation.status, CaseStatus.OPEN),
        key=case_key(conversation),
        assignee=None if assignee is None or assignee.id == own_id else agent_of(assignee),
        team=team.name if team else None,
        tags=labels,
        gives_back=label in labels or (conversation.status == PENDING and not is_ours),
        revision=f"{conversation.status}|{conversation.updated_at}|{conversation.last_activity_at}",
    )
