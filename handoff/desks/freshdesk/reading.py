"""Freshdesk's tickets and conversations as cases and entries; pure.

Relayed is only a reply or a note that is neither incoming nor private, of somebody who was looked up and is an agent, not us.
Forwarded mails and what Freshdesk's other channels bring have other sources: whether the customer may see them is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from core.ports.helpdesk import By, CaseState, CaseStatus, DeskAgent, Entry, RemoteFile, Urgency
from handoff.desks.freshdesk.payloads import AgentWire, ConversationWire, FileWire, Ticket
from handoff.kit.html import from_html

REPLY: Final = 0
NOTE: Final = 2
OPEN: Final = 2
CHAT: Final = 7
STATUSES: Final = {
    OPEN: CaseStatus.OPEN,
    3: CaseStatus.PENDING,
    4: CaseStatus.SOLVED,
    5: CaseStatus.SOLVED,  # a closed ticket takes notes and opens again: it is no final status
    6: CaseStatus.PENDING,
    7: CaseStatus.PENDING,
}
NUMBERS: Final = {CaseStatus.OPEN: OPEN, CaseStatus.PENDING: 3, CaseStatus.SOLVED: 4, CaseStatus.CLOSED: 5}
PRIORITIES: Final = {Urgency.LOW: 1, Urgency.NORMAL: 2, Urgency.HIGH: 3, Urgency.URGENT: 4}

Agents = Mapping[int, AgentWire | None]
"""Who was looked up: None is nobody of the desk."""


def agent_of(agent: AgentWire) -> DeskAgent:
    """A person of the desk."""
    return DeskAgent(id=str(agent.id), name=agent.contact.name or "Agent", email=agent.contact.email)


def needs_look(item: ConversationWire, own_id: int) -> bool:
    """Whether it takes a look at who wrote it."""
    return item.incoming is False and item.user_id is not None and item.user_id != own_id


def entry_of(item: ConversationWire, *, own_id: int, agents: Agents) -> Entry:
    """One entry; ``agents`` has everybody whom ``needs_look`` asked for."""
    agent = agents.get(item.user_id or 0)
    by = _by(item, own_id, agent)
    files = tuple(file_of(file) for file in item.attachments or () if file.attachment_url)
    return Entry(
        id=str(item.id),
        by=by,
        is_public=_is_public(item, by),
        text=from_html(item.body, without=[file.origin for file in files]) if item.body else item.body_text or "",
        at=moment(item.created_at),
        agent=agent_of(agent) if by is By.AGENT and agent is not None else None,
        files=files,
    )


def _by(item: ConversationWire, own_id: int, agent: AgentWire | None) -> By:
    if item.user_id is not None and item.user_id == own_id:
        return By.OURS
    if item.incoming:
        return By.CONTACT
    return By.AGENT if item.incoming is False and agent is not None else By.OTHER


def _is_public(item: ConversationWire, by: By) -> bool | None:
    if by is By.OTHER or item.private is None:
        return None
    if by is By.AGENT and not item.private and item.source not in (REPLY, NOTE):
        return None
    return not item.private


def file_of(file: FileWire) -> RemoteFile:
    """A file of an agent."""
    return RemoteFile(
        id=str(file.id),
        name=file.name or f"file-{file.id}",
        media_type=file.content_type or "application/octet-stream",
        size_bytes=file.size,
        origin=file.attachment_url,
    )


def case_key(ticket: Ticket, field: str) -> str | None:
    """Our case's key; None: the ticket is not ours."""
    key = (ticket.custom_fields or {}).get(field)
    return key if isinstance(key, str) and key.startswith("fd:") else None


def is_gone(ticket: Ticket) -> bool:
    """Deleted, or thrown away as spam."""
    return bool(ticket.deleted or ticket.spam)


def state_of(
    ticket: Ticket, *, field: str, give_back_tag: str, assignee: DeskAgent | None, team: str | None
) -> CaseState:
    """A ticket as a case; a status of the account's own counts as open."""
    tags = frozenset(ticket.tags or ())
    return CaseState(
        ref=str(ticket.id),
        status=STATUSES.get(ticket.status, CaseStatus.OPEN),
        key=case_key(ticket, field),
        assignee=assignee,
        team=team,
        tags=tags,
        gives_back=give_back_tag in tags,
        revision=ticket.updated_at,
    )


def moment(given: str) -> datetime:
    """A time in ISO 8601; the beginning of time when it is none, so that it is never taken for news."""
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
