"""What is said about links, and the commits that say it: pure functions from a head to a commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from core.domain import Destination, Head, InboundEvent, MessageKind, Owner, Role, Visibility, Voice
from core.identity import TOKEN_PREFIX, token_in
from core.ledger import CommitDraft, CommitKind, MessageDraft, OutboxDraft

CHANNEL_NAMES: Final[Mapping[str, str]] = {
    "web": "web chat",
    "slack": "Slack chat",
    "telegram": "Telegram chat",
    "whatsapp": "WhatsApp chat",
    "sms": "text messages (SMS)",
    "teams": "Microsoft Teams chat",
}
"""How a contact calls a channel."""

TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "code": (
            "To connect this chat with your {other}, type this code **there**: **{code}**. It works for 10 minutes.\n\n"
            "Did somebody else send you here? Then do nothing, and tell nobody the code."
        ),
        "opened": "Your link was opened in a {other}. If that was you, type the code you see there. If not, do nothing.",
        "linked": "This chat is now connected with your {other}. To undo that, write STOP LINK.",
        "unlinked": "This chat is no longer connected with your other chats.",
        "dead": "This link has run out or was used before. You get a new one where you found it.",
        "same": "This link connects two different chats, and this is the one it comes from.",
        "private": "Links work only in a private chat with me.",
    },
    "de": {
        "code": (
            "Um diesen Chat mit Ihrem {other} zu verbinden, geben Sie **dort** diesen Code ein: **{code}**."
            " Er gilt 10 Minuten.\n\n"
            "Hat jemand anderes Sie hierher geschickt? Dann tun Sie nichts, und nennen Sie niemandem den Code."
        ),
        "opened": "Ihr Link wurde geöffnet ({other}). Wenn Sie das waren, geben Sie den Code von dort ein. Sonst tun Sie nichts.",
        "linked": "Dieser Chat ist jetzt verbunden mit: {other}. Um das aufzuheben, schreiben Sie STOP LINK.",
        "unlinked": "Dieser Chat ist nicht mehr mit Ihren anderen Chats verbunden.",
        "dead": "Dieser Link ist abgelaufen oder wurde schon benutzt. Einen neuen gibt es dort, wo Sie ihn gefunden haben.",
        "same": "Dieser Link verbindet zwei verschiedene Chats, und er kommt aus diesem hier.",
        "private": "Links gehen nur in einem privaten Chat mit mir.",
    },
}


def channel_name(kind: str) -> str:
    """A channel in a contact's words."""
    return CHANNEL_NAMES.get(kind, f"{kind} chat")


def sentence(key: str, language: str | None, **fields: str) -> str:
    """One of the sentences, in the conversation's language or English."""
    words = TEXTS.get((language or "en").partition("-")[0].lower(), TEXTS["en"])
    return words[key].format(**fields)


def internal(text: str, *, event_id: str | None = None) -> MessageDraft:
    """What only agents read."""
    return MessageDraft(
        role=Role.SYSTEM, kind=MessageKind.NOTE, visibility=Visibility.INTERNAL, text=text, event_id=event_id
    )


def told(head: Head, text: str, *, note: str | None = None) -> CommitDraft:
    """A sentence of the house to the contact, and perhaps a line for agents; nobody's turn changes."""
    said = MessageDraft(role=Role.SYSTEM, kind=MessageKind.NOTICE, text=text)
    outbox = [OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=0)]
    messages = (said,) if note is None else (said, internal(note))
    if note is not None and head.owner in (Owner.QUEUE, Owner.HUMAN):
        outbox.append(OutboxDraft(to=Destination.DESK, voice=Voice.SYSTEM, message=1))
    return CommitDraft(kind=CommitKind.CONTROL, head=head, messages=messages, outbox=tuple(outbox))


def answered(head: Head, event: InboundEvent, text: str, *, note: str | None = None, echo: bool) -> CommitDraft:
    """The answer to a contact's words about links; with ``echo`` the words stand in the transcript, without their token."""
    wrote_at = max(event.provider_at, head.contact_at or event.provider_at)
    fresh = replace(head, thread=event.thread or head.thread, contact_at=wrote_at)
    draft = told(fresh, text, note=note)
    if echo:
        own = MessageDraft(
            role=Role.CONTACT, text=without_token(event.text), event_id=event.id, said_at=event.provider_at
        )
        draft = replace(draft, messages=(own, *draft.messages), outbox=tuple(row.moved(1) for row in draft.outbox))
    return replace(draft, consumed=(event.id,))


def without_token(text: str) -> str:
    """A text that may be kept."""
    token = token_in(text)
    return text if token is None else text.replace(token, f"{TOKEN_PREFIX}…")
