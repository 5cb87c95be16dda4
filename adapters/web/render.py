"""Message → message view (PROTOCOL.md); pure.  The desk's page shows the same view.

Whose words they are decides how they are read: bot and agent write Markdown, a contact's and the system's words are plain text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from adapters.web.blocks import BlockNode, to_wire
from core import markup, reply
from core.domain import Attachment, Citation, Message, Role


class CitationView(msgspec.Struct, frozen=True, kw_only=True):
    """A source of a reply; ``url`` always leads to it, on the company's site or on ours."""

    number: int
    title: str
    url: str
    heading: str
    quote: str
    document_id: str


class AttachmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A file with a signed link that expires; without one it is ``unavailable``, and why.  ``size_bytes`` 0 is unknown."""

    id: str
    name: str
    media_type: str
    size_bytes: int
    url: str | None
    transcript: str | None = None
    unavailable: str | None = None


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """One message as a client shows it."""

    id: str
    position: str
    role: str
    kind: str
    text: str
    blocks: list[BlockNode]
    citations: list[CitationView]
    choices: list[str]
    proposal: str | None
    handoff_id: str | None
    attachments: list[AttachmentView]
    author: str | None
    turn_id: str | None
    created_at: datetime
    interrupted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """How to reach what a message refers to: our page of a document id, a signed link of an upload."""

    document: Callable[[str], str]
    upload: Callable[[Attachment], str]


def position(place: tuple[int, int]) -> str:
    """A place in the conversation as the wire writes it."""
    return f"{place[0]}.{place[1]}"


def parse_position(text: str) -> tuple[int, int] | None:
    """The place a client names; None when it is not one."""
    seq, dot, index = text.partition(".")
    if not dot or len(text) > 24 or not (seq + index).isascii() or not (seq.isdigit() and index.isdigit()):
        return None
    return int(seq), int(index)


def tree_of(role: Role, text: str) -> tuple[reply.Block, ...]:
    """The reply tree of somebody's words."""
    return markup.parse(text) if role in (Role.BOT, Role.AGENT) else markup.parse_plain(text)


def nodes_of(role: Role, text: str) -> list[BlockNode]:
    """The wire blocks of somebody's words."""
    return to_wire(tree_of(role, text))


def cite(citation: Citation, links: Links) -> CitationView:
    """One source."""
    return CitationView(
        number=citation.number,
        title=citation.title,
        url=_followable(citation.url) or links.document(citation.document_id),
        heading=citation.heading,
        quote=citation.quote,
        document_id=citation.document_id,
    )


def _followable(url: str | None) -> str | None:
    """A document's own address when a browser may go there; it comes from a source, and sources are not ours."""
    return url if url is not None and url.lower().startswith(("https://", "http://")) else None


def view(message: Message, links: Links) -> MessageView:
    """The view of a message."""
    tree = tree_of(message.role, message.text)
    return MessageView(
        id=message.id,
        position=position(message.position),
        role=message.role,
        kind=message.kind,
        text=markup.to_text(tree),
        blocks=to_wire(tree),
        citations=[cite(citation, links) for citation in message.citations],
        choices=list(message.choices),
        proposal=message.proposal,
        handoff_id=message.handoff_id,
        attachments=[attach(item, links) for item in message.attachments],
        author=message.author,
        turn_id=message.turn_id,
        created_at=message.created_at,
        interrupted=message.interrupted,
    )


def attach(item: Attachment, links: Links) -> AttachmentView:
    """A file; one that can no longer be had is a name without a link."""
    return AttachmentView(
        id=item.id,
        name=item.name,
        media_type=item.media_type,
        size_bytes=item.size_bytes,
        url=links.upload(item) if item.unavailable is None else None,
        transcript=item.transcript,
        unavailable=item.unavailable,
    )
