"""What the stand-in remembers: messages both ways, files, content templates, opt-outs, and when each contact last wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

WINDOW = timedelta(hours=24)
RANKS = {"accepted": 0, "queued": 1, "sending": 2, "sent": 3, "delivered": 4, "read": 5, "undelivered": 9, "failed": 9}


@dataclass(slots=True, kw_only=True)
class Entry:
    """One message, inbound or outbound; ``choices`` are (title, id), ``is_list`` says that they are opened by a button."""

    sid: str
    to: str
    sender: str
    body: str
    at: datetime
    is_inbound: bool
    status: str
    error_code: int | None = None
    media: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    is_list: bool = False
    callback: str | None = None
    service: str | None = None
    raw: Mapping[str, str] = field(default_factory=dict)

    def wire(self, account: str) -> dict[str, Any]:
        """As a Message resource."""
        at = format_datetime(self.at)
        return {
            "sid": self.sid,
            "account_sid": account,
            "messaging_service_sid": self.service,
            "to": self.to,
            "from": self.sender,
            "body": self.body,
            "num_media": str(len(self.media)),
            "num_segments": "1",
            "direction": "inbound" if self.is_inbound else "outbound-api",
            "status": self.status,
            "error_code": self.error_code,
            "error_message": None,
            "date_created": at,
            "date_sent": at,
            "date_updated": at,
            "api_version": "2010-04-01",
            "price": None,
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{self.sid}.json",
        }


@dataclass(slots=True, kw_only=True)
class Content:
    """A content template."""

    sid: str
    body: Mapping[str, Any]
    is_approved: bool = False


@dataclass(slots=True, kw_only=True)
class Book:
    """Everything, newest last."""

    entries: list[Entry] = field(default_factory=list)
    contents: dict[str, Content] = field(default_factory=dict)
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    opted_out: set[str] = field(default_factory=set)
    wrote_at: dict[str, datetime] = field(default_factory=dict)
    count: int = 0

    def new_sid(self, prefix: str) -> str:
        """An id of Twilio's form."""
        self.count += 1
        return f"{prefix}{self.count:032x}"

    def entry(self, sid: str) -> Entry | None:
        """The message of this id."""
        return next((entry for entry in self.entries if entry.sid == sid), None)

    def is_open(self, contact: str, now: datetime) -> bool:
        """Whether free text may go to a WhatsApp contact now."""
        wrote_at = self.wrote_at.get(contact)
        return wrote_at is not None and now - wrote_at < WINDOW
