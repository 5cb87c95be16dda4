"""What the desk's API answers: msgspec shapes and the pure functions that fill them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from adapters.web.blocks import BlockNode
from adapters.web.render import AttachmentView, CitationView, Links, MessageView, attach, cite, nodes_of, view
from core.domain import Head, InboundEvent, Message, Role
from core.ids import contact_message_id
from core.ports.store import Feedback
from handoff.assist import Snippet
from handoff.brief import REASONS, Brief
from handoff.cases import Case, Listed, Listing


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes; without ``verified`` the rest is only what they said."""

    id: str
    name: str | None
    email: str | None
    customer_account: str | None
    verified: bool
    locale: str | None


class ItemView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a list."""

    conv: str
    account: str
    contact: ContactView
    status: str
    owner: str
    agent: str | None
    preview: str
    updated_at: datetime
    waiting_since: datetime | None
    priority: str
    sentiment: str | None
    reason: str | None
    reason_text: str | None
    handoff_id: str | None
    language: str | None
    episode: int
    seq: int
    csat: int | None


class ListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list with the numbers of its neighbours; ``before`` asks for the next page."""

    items: list[ItemView]
    before: datetime | None
    counts: dict[str, int]
    staffed: bool
    next_open: datetime | None


class EntityView(msgspec.Struct, frozen=True, kw_only=True):
    """Something named in the conversation."""

    kind: str
    text: str


class BriefView(msgspec.Struct, frozen=True, kw_only=True):
    """The card on top of a case."""

    who: str
    is_verified: bool
    wants: list[str]
    tried: list[str]
    cited: list[CitationView]
    entities: list[EntityView]
    sentiment: str | None
    reason: str | None
    reason_text: str | None
    detail: str | None
    priority: str
    waiting_since: datetime | None
    language: str | None
    summary: str


class DeskMessageView(MessageView, frozen=True, kw_only=True):
    """A message as an agent sees it: also whether the contact may ever see it, and how its delivery stands."""

    visibility: str
    delivery: str | None
    feedback: int | None


class UnreadView(msgspec.Struct, frozen=True, kw_only=True):
    """Said a moment ago, not yet in the transcript."""

    id: str
    text: str
    blocks: list[BlockNode]
    attachments: list[AttachmentView]
    received_at: datetime


class SuggestionView(msgspec.Struct, frozen=True, kw_only=True):
    """A reply to approve or edit; ``source`` is the Markdown that is sent."""

    message_id: str
    source: str
    blocks: list[BlockNode]
    citations: list[CitationView]


class SnippetView(msgspec.Struct, frozen=True, kw_only=True):
    """A canned text."""

    title: str
    text: str


class FeedbackView(msgspec.Struct, frozen=True, kw_only=True):
    """What the contact thinks, 1 to 5; on one message or on the conversation."""

    message_id: str | None
    rating: int
    text: str
    given_at: datetime


class FilesView(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a reply's files on the contact's channel: ``sent``, ``linked`` or ``none``; and how much it takes."""

    carriage: str
    max_bytes: int
    max_count: int


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation with all that an agent must know."""

    conversation: ItemView
    brief: BriefView
    messages: list[DeskMessageView]
    has_earlier: bool
    unread: list[UnreadView]
    suggestions: list[SuggestionView]
    snippets: list[SnippetView]
    feedback: list[FeedbackView]
    files: FilesView


class EarlierView(msgspec.Struct, frozen=True, kw_only=True):
    """Older messages of a conversation."""

    messages: list[DeskMessageView]
    has_earlier: bool


def item(head: Head, *, priority: str, waiting_since: datetime | None) -> ItemView:
    """A line of a list."""
    known, handoff = head.contact, head.handoff
    return ItemView(
        conv=head.conv,
        account=head.account,
        contact=ContactView(
            id=known.id,
            name=known.name,
            email=known.email,
            customer_account=known.customer_account,
            verified=known.verified,
            locale=known.locale,
        ),
        status=head.status,
        owner=head.owner,
        agent=head.agent,
        preview=head.preview,
        updated_at=head.updated_at,
        waiting_since=waiting_since,
        priority=priority,
        sentiment=head.sentiment,
        reason=handoff.reason if handoff else None,
        reason_text=REASONS[handoff.reason] if handoff else None,
        handoff_id=handoff.id if handoff else None,
        language=head.language,
        episode=head.episode,
        seq=head.seq,
        csat=head.csat,
    )


def items(found: Listing) -> list[ItemView]:
    """The lines of a page."""
    return [listed(line) for line in found.items]


def listed(line: Listed) -> ItemView:
    """A line."""
    return item(line.head, priority=line.priority, waiting_since=line.waiting_since)


def brief(of: Brief, links: Links) -> BriefView:
    """The card."""
    return BriefView(
        who=of.who,
        is_verified=of.is_verified,
        wants=list(of.wants),
        tried=list(of.tried),
        cited=[cite(citation, links) for citation in of.cited],
        entities=[EntityView(kind=entity.kind, text=entity.text) for entity in of.entities],
        sentiment=of.sentiment,
        reason=of.reason,
        reason_text=of.reason_text,
        detail=of.detail,
        priority=of.priority,
        waiting_since=of.waiting_since,
        language=of.language,
        summary=of.summary,
    )


def message(of: Message, links: Links, ratings: dict[str, int]) -> DeskMessageView:
    """A message of the transcript; ``ratings`` holds the newest rating by message id."""
    shown = {name: getattr(plain, name) for plain in (view(of, links),) for name in MessageView.__struct_fields__}
    return DeskMessageView(**shown, visibility=of.visibility, delivery=of.delivery, feedback=ratings.get(of.id))


def case(of: Case, snippets: tuple[Snippet, ...], links: Links, files: FilesView) -> CaseView:
    """A whole case."""
    ratings = {rated.message_id: rated.rating for rated in of.feedback if rated.message_id}
    return CaseView(
        conversation=item(of.head, priority=of.brief.priority, waiting_since=of.brief.waiting_since),
        brief=brief(of.brief, links),
        messages=[message(each, links, ratings) for each in of.messages],
        has_earlier=of.has_earlier,
        unread=[_unread(event, links) for event in of.unread],
        suggestions=[
            SuggestionView(
                message_id=each.message_id,
                source=each.text,
                blocks=nodes_of(Role.BOT, each.text),
                citations=[cite(citation, links) for citation in each.citations],
            )
            for each in of.suggestions
        ],
        snippets=[SnippetView(title=each.title, text=each.text) for each in snippets],
        feedback=[_feedback(each) for each in of.feedback],
        files=files,
    )


def _unread(event: InboundEvent, links: Links) -> UnreadView:
    return UnreadView(
        id=contact_message_id(event.id),
        text=event.text,
        blocks=nodes_of(Role.CONTACT, event.text),
        attachments=[attach(item, links) for item in event.attachments],
        received_at=event.received_at,
    )


def _feedback(of: Feedback) -> FeedbackView:
    return FeedbackView(message_id=of.message_id, rating=of.rating, text=of.text, given_at=of.given_at)
