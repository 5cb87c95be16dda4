"""The calls of the first design beside ``POST /chat``: read a conversation, bring a person, rate, and knowledge's freshness."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from adapters.web.render import parse_position
from core import ids
from core.domain import Audience, Head, Message
from core.errors import PayloadInvalid
from gateway.http.bodies import read_json
from gateway.http.chat import idempotency_key
from gateway.http.kb_views import public_status
from gateway.http.problem import not_found
from gateway.http.views import views_of
from gateway.http.visits import Visit, only_account, visit_of
from gateway.http.web import bring_person, json, keep_feedback, shown_message, take_action
from gateway.http.wire import (
    ConversationEscalated,
    ConversationView,
    Escalated,
    FeedbackGiven,
    UnreadView,
)
from gateway.services import services_of

MESSAGES: Final = 200


async def _own_visit(request: web.Request, conv: str) -> Visit:
    """The visit, when the conversation is its own; unknown and foreign ones are told alike."""
    visit = await visit_of(request)
    if conv != visit.conv:
        raise not_found()
    return visit


async def show(request: web.Request) -> web.Response:
    """A conversation: its newest messages, or with ``?before=`` those before a position."""
    visit = await _own_visit(request, request.match_info["conv_id"])
    before = None
    if "before" in request.query and (before := parse_position(request.query["before"])) is None:
        raise PayloadInvalid("A position looks like 12.1.", field="before")
    head = await visit.store.head(visit.conv)
    messages = await visit.store.tail(visit.conv, audience=Audience.CONTACT, limit=MESSAGES, before=before)
    unread = await visit.store.unread(visit.conv)
    waiting = [
        UnreadView(message_id=ids.contact_message_id(event.id), text=event.text, received_at=event.received_at)
        for event in unread
    ]
    return json(conversation_view(visit, head, messages, waiting))


def conversation_view(
    visit: Visit, head: Head | None, messages: tuple[Message, ...], waiting: list[UnreadView]
) -> ConversationView:
    """The conversation as its contact may see it."""
    return ConversationView(
        conv_id=visit.conv,
        status=head.status if head else "active",
        owner=head.owner if head else "bot",
        agent=head.agent if head else None,
        episode=head.episode if head else 1,
        created_at=head.created_at if head else None,
        updated_at=head.updated_at if head else None,
        messages=views_of(visit, messages),
        unread=waiting,
    )


async def escalate(request: web.Request) -> web.Response:
    """Bring a person in."""
    services = services_of(request)
    visit = await visit_of(request)
    asked = await read_json(request, ConversationEscalated, limit=services.limits.body_bytes)
    if asked.conv_id != visit.conv:
        raise not_found()
    await take_action(request, visit)
    key = idempotency_key(request) or services.new_id("k")
    done = await bring_person(visit, key=key, reason=asked.reason)
    return json(Escalated(handoff_id=done.handoff_id, owner=done.head.owner))


async def give_feedback(request: web.Request) -> web.Response:
    """Rate a conversation or one of its messages."""
    services = services_of(request)
    visit = await visit_of(request)
    given = await read_json(request, FeedbackGiven, limit=services.limits.body_bytes)
    if given.conv_id != visit.conv or await visit.store.head(visit.conv) is None:
        raise not_found()
    await take_action(request, visit)
    if given.message_id is not None:
        await shown_message(visit, given.message_id)
    await keep_feedback(visit, given.message_id, given.rating, given.free_text, field="/free_text")
    return web.Response(status=204)


async def sync_status(request: web.Request) -> web.Response:
    """How fresh the knowledge is; why a sync failed is told on the internal listener only."""
    services = services_of(request)
    account = only_account(services, request.query.get("account"))
    return json(await public_status(services, account.tenant))


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [
        web.get("/conversations/{conv_id}", show),
        web.post("/escalate", escalate),
        web.post("/feedback", give_feedback),
        web.get("/kb/sync_status", sync_status),
    ]
