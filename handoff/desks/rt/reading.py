"""What RT's records mean to us; pure.

Our key of an entry stands at the end of its subject, ``Ada [c_abc#12#0]``, which RT keeps as the transaction's ``Data``: it is
written in one go with the words.  Only what our own user wrote is searched for one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from core.ports.helpdesk import By, CaseStatus, DeskAgent, RemoteFile
from core.untrusted.visible import visible
from handoff.desks.rt.payloads import PartWire, TicketWire, TransactionWire, UserWire
from handoff.desks.rt.settings import RtSettings

NOBODY: Final = "Nobody"
WRITTEN: Final = {"Correspond": True, "Comment": False, "Create": True}
"""Transactions that are words, and whether the customer may see them."""

MAX_AUTHOR: Final = 80
YEAR_LIKE: Final = 1_000
_KEY: Final = re.compile(r"\[([^\[\]\s]+)\]\s*\Z")
_LENGTH: Final = re.compile(r"^Content-Length:\s*(\d{1,12})\s*$", re.IGNORECASE | re.MULTILINE)


def subject_of(author: str, key: str) -> str:
    """The subject of an entry of ours."""
    name = " ".join(visible(author).split())[:MAX_AUTHOR]
    return f"{name} [{key}]".strip()


def key_of(transaction: TransactionWire, own_name: str) -> str | None:
    """Our key, when our own user wrote it."""
    if transaction.Creator.id != own_name:
        return None
    found = _KEY.search(transaction.Data or "")
    return found[1] if found else None


def moment(text: str) -> datetime:
    """RT's time; the year 1970 stands for none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def ago(span: timedelta) -> str:
    """At least so long ago, in TicketSQL's words; never with four digits, which RT's parser takes for a year."""
    left = max(1, math.ceil(span.total_seconds()))
    for unit, next_ in (("seconds", 60), ("minutes", 60), ("hours", 24)):
        if left < YEAR_LIKE:
            return f"{left} {unit} ago"
        left = math.ceil(left / next_)
    return f"{min(left, YEAR_LIKE - 1)} days ago"


def status_of(status: str, settings: RtSettings) -> CaseStatus:
    """A status in our words; one that YAML does not name is work."""
    word = status.lower()
    if word in settings.solved_statuses:
        return CaseStatus.SOLVED
    return CaseStatus.PENDING if word in settings.pending_statuses else CaseStatus.OPEN


def word_of(status: CaseStatus, settings: RtSettings) -> str | None:
    """A status in RT's words; None when its lifecycle has none."""
    match status:
        case CaseStatus.OPEN:
            return settings.open_statuses[0]
        case CaseStatus.PENDING:
            return next(iter(settings.pending_statuses), None)
        case CaseStatus.SOLVED | CaseStatus.CLOSED:
            return settings.solved_statuses[0]


def key_in(ticket: TicketWire, settings: RtSettings) -> str | None:
    """Our key of the case."""
    for field in ticket.CustomFields:
        if field.name == settings.case_field and field.values:
            return str(field.values[0])
    return None


def agent_of(user: UserWire) -> DeskAgent:
    """A person of the desk, by the name contacts read."""
    return DeskAgent(id=user.Name, name=user.RealName or user.Name, email=user.EmailAddress or None)


def by_of(transaction: TransactionWire, own_name: str, user: UserWire | None) -> By:
    """Who wrote: privileged users are agents; RT itself, requestors and people in copy are not."""
    if transaction.Creator.id == own_name:
        return By.OURS
    return By.AGENT if user is not None and str(user.Privileged) == "1" else By.OTHER


def body_of(parts: Sequence[PartWire]) -> PartWire | None:
    """The part that holds the words: HTML rather than plain text."""
    texts = [part for part in parts if not part.Filename]
    for media_type in ("text/html", "text/plain"):
        for part in texts:
            if part.ContentType.lower().startswith(media_type):
                return part
    return None


def files_of(parts: Iterable[PartWire]) -> tuple[RemoteFile, ...]:
    """The parts that are files."""
    return tuple(
        RemoteFile(
            id=part.id,
            name=part.Filename,
            media_type=part.ContentType or "application/octet-stream",
            size_bytes=int(found[1]) if (found := _LENGTH.search(part.Headers or "")) else 0,
            origin=part.id,
        )
        for part in parts
        if part.Filename
    )
