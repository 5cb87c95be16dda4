"""Zendesk's tickets and comments as our cases and entries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from core.ports.helpdesk import By, CaseStatus, Entry, RemoteFile, Urgency
from handoff.desks.zendesk.people import as_agent
from handoff.desks.zendesk.wire import Audit, Comment, Metadata, User
from handoff.kit.html import from_html
from handoff.kit.markdown import from_plain

STATUSES: Final[Mapping[str, CaseStatus]] = {
    "new": CaseStatus.OPEN,
    "open": CaseStatus.OPEN,
    "pending": CaseStatus.PENDING,
    "hold": CaseStatus.PENDING,
    "solved": CaseStatus.SOLVED,
    "closed": CaseStatus.CLOSED,
}
"""A custom status has one of these as its category, which is what the API tells in ``status``."""

WORDS: Final[Mapping[CaseStatus, str]] = {
    CaseStatus.OPEN: "open",
    CaseStatus.PENDING: "pending",
    CaseStatus.SOLVED: "solved",
    CaseStatus.CLOSED: "closed",
}
PRIORITIES: Final[Mapping[Urgency, str]] = {
    Urgency.LOW: "low",
    Urgency.NORMAL: "normal",
    Urgency.HIGH: "high",
    Urgency.URGENT: "urgent",
}
NOT_PEOPLE: Final = frozenset(("rule", "automation", "system", "system_merge", "closed_ticket"))
"""Ways on which no agent types: triggers, automations, merges."""

MERGED_TAG: Final = "closed_by_merge"
"""Zendesk tags a ticket so when it was merged into another (from memory, not verified on a live account)."""

_NUMBER: Final = re.compile(r"#(\d{1,19})\b")


def own_key(metadata: Metadata | None) -> str | None:
    """Our key among what came along with a change."""
    custom: Any = metadata.custom if metadata is not None else None
    ours = custom.get("frontdesk") if isinstance(custom, dict) else None
    key = ours.get("key") if isinstance(ours, dict) else None
    return key if isinstance(key, str) and key else None


def comment_of(audit: Audit | None) -> str | None:
    """The id of the comment that an audit made."""
    events = audit.events if audit is not None else ()
    return next((str(event.id) for event in events if event.type == "Comment"), None)


def entry_of(comment: Comment, author: User | None, *, own_id: int) -> Entry:
    """A comment; pictures in its words come as files, and a file in which Zendesk found malware does not come."""
    by = _by(comment, author, own_id)
    files = [file for file in comment.attachments if file.malware_scan_result != "malware_found"]
    return Entry(
        id=str(comment.id),
        by=by,
        is_public=comment.public,
        text=_text(comment),
        at=_time(comment.created_at),
        agent=as_agent(author) if author is not None and by is By.AGENT else None,
        key=own_key(comment.metadata),
        files=tuple(
            RemoteFile(
                id=str(file.id),
                name=file.file_name,
                media_type=file.content_type,
                size_bytes=file.size,
                origin=file.content_url,
            )
            for file in files
        ),
    )


def _by(comment: Comment, author: User | None, own_id: int) -> By:
    if comment.author_id == own_id or own_key(comment.metadata) is not None:
        return By.OURS
    via = comment.via
    channel = via.channel if via is not None else None
    if (
        author is None
        or channel in NOT_PEOPLE
        or (via is not None and via.source is not None and via.source.rel == "merge")
    ):
        return By.OTHER
    return By.AGENT if author.is_staff else By.CONTACT


def _text(comment: Comment) -> str:
    if comment.html_body is not None:
        return from_html(comment.html_body, without={file.content_url for file in comment.attachments})
    return from_plain(comment.plain_body or comment.body)


def _time(text: str) -> datetime:
    """A time of the API; one that cannot be read is long ago, so that nothing is relayed for being new."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def merge_target(ref: str, newest_first: list[Comment]) -> str | None:
    """The ticket that took another's place: the last comment of a merged ticket names it ("… merged into request #12 …")."""
    for comment in newest_first:
        for number in _NUMBER.findall(comment.plain_body or comment.body):
            if number != ref:
                return str(number)
    return None
