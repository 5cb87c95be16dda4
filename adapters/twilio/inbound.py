"""A verified form → what it means.

Twilio tells no time of an inbound message, so the time at which it first arrived is its time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from adapters.shared.text import strip_invisible
from adapters.twilio.errors import receipt_error
from adapters.twilio.payloads import Inbound, Status, read
from core import ids
from core.domain import Attachment, Contact, DeliveryState, EventKind, InboundEvent
from core.errors import PayloadInvalid
from core.inbound import Ignored, Parsed, Receipt, Respond
from core.ports.channel import RawRequest

TWIML: Final = Respond(b"<Response/>", "text/xml")
"""An empty answer: any other body would be sent to the contact as a message."""

CHOICE_ID: Final = "choice:"
"""Begins the id of our buttons; the whole label follows, since a button's title may be cut."""

RATINGS: Final = {"★☆☆☆☆": 1, "★★☆☆☆": 2, "★★★☆☆": 3, "★★★★☆": 4, "★★★★★": 5}
"""The choices under the question how it went."""

STATES: Final[dict[str, DeliveryState]] = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "partially_delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "undelivered": DeliveryState.REJECTED,
    "failed": DeliveryState.REJECTED,
    "canceled": DeliveryState.REJECTED,
}
EARLY: Final = frozenset(("accepted", "scheduled", "queued", "sending"))
RECEIVED: Final = frozenset(("received", "receiving"))

# Twilio itself acts on these and answers them (checked 2026-11-21).  YES opts in again too, but is far more often an answer.
STOP_WORDS: Final = frozenset(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"))
START_WORDS: Final = frozenset(("START", "UNSTOP"))
HELP_WORDS: Final = frozenset(("HELP", "INFO"))
# On WhatsApp they are ordinary words unless Twilio says otherwise (OptOutType); these three can mean nothing else.
WHATSAPP_STOP_WORDS: Final = frozenset(("STOP", "STOPALL", "UNSUBSCRIBE"))
OPT_OUT: Final = {
    **dict.fromkeys(STOP_WORDS, "STOP"),
    **dict.fromkeys(START_WORDS, "START"),
    **dict.fromkeys(HELP_WORDS, "HELP"),
}

MAX_MEDIA: Final = 10
REMEMBERED: Final = 2_000
"""Messages whose arrival is remembered; Twilio tries a webhook again within seconds."""
MAX_NAME: Final = 200
_CONV: Final = re.compile(r"[?&]c=(c_[0-9a-f]{32})(?:&|$)")
_MEDIA_TYPE: Final = re.compile(r"[a-z]{1,20}/[a-z0-9.+\-]{1,80}")
_DEGREES: Final = re.compile(r"-?\d{1,3}(?:\.\d{1,20})?", re.ASCII)
_NAMES: Final = {
    "image": "image",
    "audio": "voice note",
    "video": "video",
    "text": "contact",
    "application": "document",
}
_ENDINGS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/amr": "amr",
    "video/mp4": "mp4",
    "video/3gpp": "3gp",
    "application/pdf": "pdf",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "text/plain": "txt",
}


class Reader:
    """Reads the forms of one account; ``kind`` is sms or whatsapp."""

    def __init__(self, *, tenant: str, account: str, kind: str, ours: str | None) -> None:
        self._tenant = tenant
        self._account = account
        self._is_whatsapp = kind == "whatsapp"
        self._kind = kind
        self._ours = ours
        self._arrived: dict[str, datetime] = {}

    def read(self, fields: dict[str, str], request: RawRequest) -> tuple[Parsed, ...]:
        """Everything one request means, and the answer Twilio wants."""
        status = fields.get("MessageStatus", "")
        if status and status not in RECEIVED:
            return (self._receipt(read(fields, Status), request.path), TWIML)
        message = read(fields, Inbound)
        sid = message.message_sid or message.sms_message_sid
        if not sid:
            return (Ignored("unknown_type"), TWIML)
        address = message.external_user_id or message.from_
        if not address or not message.from_:
            raise PayloadInvalid("A message without a sender.", field="/From")
        if message.from_ in (message.to, self._ours):
            return (Ignored("own_message"), TWIML)
        if message.from_.startswith("whatsapp:") is not self._is_whatsapp or message.from_.startswith("messenger:"):
            return (Ignored("other_channel"), TWIML)
        return (self._event(message, sid, fields, request), TWIML)

    def conversation(self, address: str) -> str:
        """The one conversation with whoever has this address."""
        return ids.conversation_id(self._tenant, self._account, f"contact:{bare(address)}")

    def _receipt(self, status: Status, path: str) -> Parsed:
        state = STATES.get(status.message_status)
        if state is None:
            return Ignored("status_early" if status.message_status in EARLY else "unknown_status")
        if not status.message_sid:
            raise PayloadInvalid("A status without a message.", field="/MessageSid")
        named = _CONV.search(path)
        return Receipt(
            # We put the conversation into the address that Twilio signs; the recipient may be known by another name.
            conv=named.group(1) if named else self.conversation(status.external_user_id or status.to),
            vendor_ref=status.message_sid,
            state=state,
            error=receipt_error(status.error_code) if state is DeliveryState.REJECTED else None,
        )

    def _event(self, message: Inbound, sid: str, fields: Mapping[str, str], request: RawRequest) -> Parsed:
        opted = self._opted(message)
        if opted in ("START", "HELP"):
            return Ignored(f"{opted.lower()}_word")
        text = words_of(message)
        files = self._files(message, sid, fields)
        if not opted and not text and not files:
            return Ignored("empty_message" if message.message_type in ("", "text") else "unsupported_type")
        rating = RATINGS.get(text) if _pressed(message).startswith(CHOICE_ID) else None
        kind = EventKind.CONTACT_LEFT if opted else EventKind.MESSAGE if rating is None else EventKind.CONTACT_RATED
        address = bare(message.external_user_id or message.from_)
        thread = {"to": message.from_, "from": message.to, "message": sid}
        if message.original_replied_message_sid:
            thread["reply_to"] = message.original_replied_message_sid
        return InboundEvent(
            tenant=self._tenant,
            account=self._account,
            conv=self.conversation(address),
            dedupe_key=f"sid:{sid}",
            kind=kind,
            contact=Contact(id=f"{self._kind}:{address}", name=_line(message.profile_name)),
            provider_at=self._arrived_at(sid, request.received_at),
            received_at=request.received_at,
            text=text,
            attachments=files,
            reason="opted_out" if opted else None,
            rating=rating,
            thread=thread,
            payload=request.body,
        )

    def _arrived_at(self, sid: str, now: datetime) -> datetime:
        """When a message first came: a retry keeps its place before what was written meanwhile."""
        known = self._arrived.setdefault(sid, now)
        if len(self._arrived) > REMEMBERED:
            del self._arrived[next(iter(self._arrived))]
        return known

    def _opted(self, message: Inbound) -> str | None:
        """STOP, START or HELP, when the message is such a word; Twilio has acted on it already."""
        word = message.body.strip().upper() if len(message.body) <= 24 else ""
        if message.opt_out_type in ("STOP", "START", "HELP"):
            return None if word == "YES" else message.opt_out_type
        if self._is_whatsapp:
            return "STOP" if word in WHATSAPP_STOP_WORDS else None
        return OPT_OUT.get(word)

    def _files(self, message: Inbound, sid: str, fields: Mapping[str, str]) -> tuple[Attachment, ...]:
        count = max(0, min(message.num_media, MAX_MEDIA))
        return tuple(
            self._file(sid, place, url, fields.get(f"MediaContentType{place}", ""))
            for place in range(count)
            if (url := fields.get(f"MediaUrl{place}"))
        )

    def _file(self, sid: str, place: int, url: str, media_type: str) -> Attachment:
        plain = media_type.partition(";")[0].strip().lower()
        if not _MEDIA_TYPE.fullmatch(plain):
            plain = "application/octet-stream"
        name = _NAMES.get(plain.partition("/")[0], "file")
        number = f" {place + 1}" if place else ""
        return Attachment(
            id="u_" + ids.digest(self._tenant, self._account, f"{sid}/{place}"),
            name=f"{name}{number}.{_ENDINGS.get(plain, 'bin')}",
            media_type=plain,
            size_bytes=0,
            origin=msgspec.json.encode({"url": url}).decode(),
        )


def bare(address: str) -> str:
    """An address without the channel's prefix: a phone number, or a business-scoped id where there is no number."""
    return address.removeprefix("whatsapp:")


def words_of(message: Inbound) -> str:
    """What the contact said: a pressed choice in full, a place as a line, else the body."""
    pressed = _pressed(message)
    if pressed.startswith(CHOICE_ID):
        return pressed.removeprefix(CHOICE_ID).strip()
    text = strip_invisible(message.body or message.button_text or message.list_title)
    if _DEGREES.fullmatch(message.latitude) and _DEGREES.fullmatch(message.longitude):
        place = ", ".join(part for part in (_line(message.label), _line(message.address)) if part)
        where = f"{message.latitude}, {message.longitude}"
        line = f"Location: {place} ({where})" if place else f"Location: {where}"
        return f"{text}\n{line}" if text and text not in (message.address, message.label) else line
    return text


def _pressed(message: Inbound) -> str:
    """The id of a pressed button or row."""
    return message.button_payload or message.list_id


def _line(text: str) -> str | None:
    """A short fact on one line."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())[:MAX_NAME] or None
