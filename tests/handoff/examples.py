"""Heads, messages and events for tests that need no store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.domain import (
    Citation,
    Contact,
    Handoff,
    HandoffReason,
    Head,
    Message,
    MessageKind,
    Owner,
    Role,
    Status,
    Visibility,
)

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def head(**changes: Any) -> Head:
    """A conversation that the bot owns."""
    plain = Head(
        tenant="demo",
        conv="c_1",
        account="demo-web",
        contact=Contact(id="v_1"),
        thread={},
        created_at=NOW,
        updated_at=NOW,
        seq=9,
    )
    return replace(plain, **changes)


def queued(reason: HandoffReason = HandoffReason.ASKED, **changes: Any) -> Head:
    """A conversation that waits for a person since ``NOW``."""
    handoff = Handoff(id="h_1", reason=reason, detail="", requested_at=NOW)
    return head(**{"owner": Owner.QUEUE, "status": Status.ESCALATED, "handoff": handoff, **changes})


def said(role: Role, text: str, seq: int, **changes: Any) -> Message:
    """A message of commit ``seq``, one minute after the one before."""
    plain = Message(
        id=f"m{seq}.{changes.get('index', 0)}",
        conv="c_1",
        seq=seq,
        index=0,
        episode=1,
        role=role,
        kind=MessageKind.TEXT,
        visibility=Visibility.CONTACT,
        text=text,
        created_at=NOW + timedelta(minutes=seq),
    )
    return replace(plain, **changes)


def draft(text: str, seq: int, **changes: Any) -> Message:
    """A private reply of the bot."""
    return said(Role.BOT, text, seq, kind=MessageKind.DRAFT, visibility=Visibility.INTERNAL, **changes)


def citation(number: int, title: str, url: str | None = None) -> Citation:
    """A passage."""
    return Citation(
        number=number,
        document_id=f"d_{title}",
        external_id=title,
        source="help",
        chunk_id=f"k_{title}",
        title=title,
        url=url,
        heading=title,
        quote=f"Words of {title}.",
    )
