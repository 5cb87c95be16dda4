"""What Zammad's records mean to us; pure.

Our key of an entry stands at the end of its article's subject, ``Ada [c_abc#12#0]``.  Only what our own user wrote is searched
for one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from core.ports.helpdesk import By, CaseStatus, DeskAgent, Entry, RemoteFile, Urgency
from core.untrusted.visible import visible
from handoff.desks.zammad.payloads import ArticleWire, FileWire, UserWire
from handoff.kit.html import from_html
from handoff.kit.markdown import from_plain

OURS: Final = "fd:"
MERGED: Final = "merged"
MERGE_LINE: Final = "merged"
"""What Zammad leaves behind in a ticket that was merged away: a public note in the name of the agent who did it."""
NOBODY: Final = 1
"""The user "-", which is always number 1: owns what has no owner, writes what triggers write."""
REMOVED: Final = "removed"
PENDING: Final = "pending reminder"
STATES: Final = {
    "new": CaseStatus.OPEN,
    "open": CaseStatus.OPEN,
    PENDING: CaseStatus.PENDING,
    "pending close": CaseStatus.PENDING,
    "closed": CaseStatus.SOLVED,
    MERGED: CaseStatus.CLOSED,
}
WORDS: Final = {
    CaseStatus.OPEN: "open",
    CaseStatus.PENDING: PENDING,
    CaseStatus.SOLVED: "closed",
    CaseStatus.CLOSED: "closed",
}
PRIORITIES: Final = {
    Urgency.LOW: "1 low",
    Urgency.NORMAL: "2 normal",
    Urgency.HIGH: "3 high",
    Urgency.URGENT: "3 high",
}
CHAT_TYPES: Final = frozenset(("note", "web", "chat"))
"""Articles that are said to the customer.  An agent's mail or call may be with somebody else: it is never relayed."""

MAX_AUTHOR: Final = 80
_KEY: Final = re.compile(r"\[([^\[\]\s]+)\]\s*\Z")


def subject_of(author: str, key: str) -> str:
    """The subject of an entry of ours."""
    name = " ".join(visible(author).split())[:MAX_AUTHOR]
    return f"{name} [{key}]".strip()


def key_of(article: ArticleWire, own_id: int) -> str | None:
    """Our key, when our own user wrote it."""
    if article.created_by_id != own_id:
        return None
    found = _KEY.search(article.subject or "")
    return found[1] if found else None


def case_key(ticket: Mapping[str, Any], attribute: str) -> str | None:
    """Our key of the case; None: the ticket is not ours."""
    key = ticket.get(attribute)
    return key if isinstance(key, str) and key.startswith(OURS) else None


def named(value: object) -> str:
    """A name that comes as text from the API, and within an object in webhooks."""
    found = value.get("name") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""


def moment(text: str) -> datetime:
    """Zammad's time in UTC; the year 1970 when it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def agent_of(user: UserWire) -> DeskAgent:
    """A person of the desk, by the name contacts read."""
    name = " ".join(part for part in (user.firstname, user.lastname) if part) or user.login
    return DeskAgent(id=str(user.id), name=name, email=user.email or None)


def is_merge_line(article: ArticleWire) -> bool:
    """Whether it is Zammad's own line about a merge; what agents type is HTML."""
    is_plain = article.content_type.lower().startswith("text/plain")
    return is_plain and article.type == "note" and article.body == MERGE_LINE


def by_of(article: ArticleWire, own_id: int) -> By:
    """Who wrote; customers, mails from elsewhere and Zammad's own lines are no agents."""
    if article.created_by_id == own_id:
        return By.OURS
    if article.created_by_id in (None, NOBODY) or is_merge_line(article):
        return By.OTHER
    return By.AGENT if article.sender == "Agent" else By.OTHER


def is_public(article: ArticleWire) -> bool | None:
    """Whether the customer may see it; None when it may be meant for somebody else."""
    if article.internal is None:
        return None
    if article.internal:
        return False
    return True if article.type in CHAT_TYPES else None


def entry_of(article: ArticleWire, own_id: int, agent: DeskAgent | None, *, is_here: bool = True) -> Entry:
    """An article as an entry; ``agent`` is who wrote it when that is one.

    ``is_here`` False: it may have been written in another ticket, to another customer.
    """
    by = by_of(article, own_id)
    is_html = article.content_type.lower().startswith("text/html")
    body = article.body or ""
    return Entry(
        id=str(article.id),
        by=by,
        is_public=is_public(article) if is_here else None,
        text=from_html(body) if is_html else from_plain(body),
        at=moment(article.created_at),
        agent=agent if by is By.AGENT else None,
        key=key_of(article, own_id),
        files=tuple(_file(article, file) for file in article.attachments if file.id is not None),
    )


def _file(article: ArticleWire, file: FileWire) -> RemoteFile:
    size = str(file.size)
    given = file.preferences
    media_type = given.get("Content-Type") or given.get("Mime-Type") or "application/octet-stream"
    return RemoteFile(
        id=str(file.id),
        name=file.filename or "file",
        media_type=str(media_type).partition(";")[0].strip(),
        size_bytes=int(size) if size.isascii() and size.isdigit() else 0,
        origin=f"{article.ticket_id}/{article.id}/{file.id}",
    )
