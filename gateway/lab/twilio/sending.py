"""``POST Messages.json`` as Twilio takes it: what is refused at once, what fails later, and how a message moves on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from gateway.lab.twilio.content import Filled, fill
from gateway.lab.twilio.refusals import Refusal
from gateway.lab.twilio.state import Book, Entry

MAX_BODY = 1600
MAX_SMS_MEDIA = 10
_PHONE = re.compile(r"\+[1-9][0-9]{5,14}")
_WHATSAPP = re.compile(r"whatsapp:(?:\+[1-9][0-9]{5,14}|[A-Z]{2}\.[A-Za-z0-9]{4,128})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The fields of the call."""

    form: Mapping[str, str]
    media: Sequence[str]

    def __getitem__(self, name: str) -> str:
        return self.form.get(name, "")


@dataclass(slots=True, kw_only=True)
class Sender:
    """The rules for one sender; ``refuses_at_once``: a closed window is told in the answer, not later by a status."""

    kind: str
    number: str
    service: str
    book: Book
    refuses_at_once: bool = False

    def create(self, asked: Asked, now: datetime) -> Entry:
        """A new message, or ``Refusal``; ``error_code`` is set when it will fail later."""
        self._check_addresses(asked)
        self._check_words(asked)
        filled = self._filled(asked)
        is_late = self._is_late(asked, now)
        if is_late and self.refuses_at_once:
            raise Refusal(63016)
        entry = Entry(
            sid=self.book.new_sid("MM" if asked.media else "SM"),
            to=asked["To"],
            sender=asked["From"] or self.number,
            body=filled.body if filled else asked["Body"],
            at=now,
            is_inbound=False,
            status="accepted" if asked["MessagingServiceSid"] else "queued",
            error_code=63016 if is_late else None,
            media=tuple(asked.media),
            choices=filled.choices if filled else (),
            is_list=filled.is_list if filled else False,
            callback=asked["StatusCallback"] or None,
            service=asked["MessagingServiceSid"] or None,
            raw=dict(asked.form),
        )
        self.book.entries.append(entry)
        return entry

    def _check_addresses(self, asked: Asked) -> None:
        to, sender = asked["To"], asked["From"]
        if not to:
            raise Refusal(21604)
        if not sender and not asked["MessagingServiceSid"]:
            raise Refusal(21603)
        if not (_WHATSAPP if self.kind == "whatsapp" else _PHONE).fullmatch(to):
            raise Refusal(21211)
        if sender and sender != self.number:
            raise Refusal(63007 if self.kind == "whatsapp" else 21606)
        if asked["MessagingServiceSid"] and asked["MessagingServiceSid"] != self.service:
            raise Refusal(20404)
        if to in self.book.opted_out:
            raise Refusal(21610)

    def _check_words(self, asked: Asked) -> None:
        if not (asked["Body"] or asked.media or asked["ContentSid"]):
            raise Refusal(21619)
        if len(asked["Body"]) > MAX_BODY:
            raise Refusal(21617)
        if len(asked.media) > (1 if self.kind == "whatsapp" else MAX_SMS_MEDIA):
            raise Refusal(21623)
        if any(urlsplit(url).scheme not in ("http", "https") for url in asked.media):
            raise Refusal(21620)
        if asked["StatusCallback"] and urlsplit(asked["StatusCallback"]).scheme not in ("http", "https"):
            raise Refusal(21609)

    def _filled(self, asked: Asked) -> Filled | None:
        if not asked["ContentSid"]:
            return None
        content = self.book.contents.get(asked["ContentSid"])
        if content is None:
            raise Refusal(21655)
        return fill(content, asked["ContentVariables"])

    def _is_late(self, asked: Asked, now: datetime) -> bool:
        """Free text, or a template nobody approved, after WhatsApp's 24 hours."""
        if self.kind != "whatsapp" or self.book.is_open(asked["To"], now):
            return False
        content = self.book.contents.get(asked["ContentSid"])
        return content is None or not content.is_approved
