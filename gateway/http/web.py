"""``/v1/web/*``: what the widget says.  What it hears is in stream.py; files are in uploads.py."""

from __future__ import annotations

import msgspec
from aiohttp import web

from adapters.shared.text import clean
from adapters.web.render import position
from adapters.web.tokens import Session
from core import ids
from core.domain import Attachment, Audience, EventKind, InboundEvent, Message, Owner, Role, Visibility
from core.errors import PayloadInvalid
from core.identity import is_about_links
from core.ports.store import Feedback
from gateway.http import visits
from gateway.http.bodies import read_json
from gateway.http.limits import RATE_LIMITS
from gateway.http.problem import not_found
from gateway.http.visits import Visit, visit_of
from gateway.http.wire import (
    CsatGiven,
    EscalateAsked,
    Escalated,
    MessageAccepted,
    MessageSaid,
    SessionAsked,
    SessionStarted,
    ThumbGiven,
    TypingTold,
    WidgetConfig,
)
from gateway.services import services_of
from gateway.typed import as_wish
from handoff.service import Done

ASK_FOR_PERSON = {
    "de": "Ich möchte mit einem Menschen sprechen.",
    "fr": "Je voudrais parler à une personne.",
    "es": "Quiero hablar con una persona.",
    "it": "Vorrei parlare con una persona.",
    "pt": "Quero falar com uma pessoa.",
    "nl": "Ik wil graag met een medewerker spreken.",
    "ar": "أريد التحدث إلى شخص.",
}
ASK_DEFAULT = "I'd like to talk to a person."
REASON_CHARS = 500
STARS = {"up": 5, "down": 1}


def json(item: object, *, status: int = 200) -> web.Response:
    """A struct as an answer."""
    return web.Response(body=msgspec.json.encode(item), status=status, content_type="application/json")


async def start_session(request: web.Request) -> web.Response:
    """Start, renew or identify."""
    services = services_of(request)
    asked = await read_json(request, SessionAsked, limit=services.limits.body_bytes, allow_empty=True)
    if asked.session_token is not None:
        visit = await visits.renewed(request, asked.session_token, asked=asked.account, locale=asked.locale)
    else:
        account = visits.only_account(services, asked.account)
        visit = await visits.new_visit(request, account, locale=asked.locale, page_url=asked.page_url)
    if asked.jwt is not None:
        visit = await visits.identified(request, visit, asked.jwt)
    token, session = visits.tokens_of(services).mint(visit.session)
    newest = await visit.store.tail(visit.conv, audience=Audience.CONTACT, limit=1)
    return json(
        SessionStarted(
            session_token=token,
            conv_id=session.conv,
            expires_at=session.expires_at,
            last_event_id=position(newest[-1].position) if newest else None,
            identified=session.customer is not None,
            config=widget_config(visit, session),
        )
    )


def widget_config(visit: Visit, session: Session) -> WidgetConfig:
    """How this account looks and what it allows."""
    settings, limits = visit.account.settings, visit.services.limits
    return WidgetConfig(
        account=visit.account.id,
        name=visit.account.name,
        greeting=settings.greeting,
        accent=settings.accent,
        suggestions=list(settings.suggestions),
        ai_label=settings.ai_label,
        staffed=visit.tenant.is_staffed(),
        locale=session.locale,
        max_text=min(limits.message_chars, visit.account.channel.capabilities.max_text),
        max_attachments=limits.attachments,
        max_upload_bytes=limits.upload_bytes,
        csat=settings.csat,
    )


async def log_out(request: web.Request) -> web.Response:
    """End the login."""
    await visits.end(request, await visit_of(request))
    return web.Response(status=204)


async def say(request: web.Request) -> web.Response:
    """Store a message durably, then say so; the answer comes over the stream."""
    visit = await visit_of(request)
    services = visit.services
    said = await read_json(request, MessageSaid, limit=services.limits.body_bytes)
    await take_message(request, visit)
    attachments = await _attachments(visit, said.upload_ids)
    event = visit.account.channel.said(
        visit.session,
        key=said.client_msg_id,
        text=said.text,
        now=services.clock(),
        field="/text",
        limit=services.limits.message_chars,
        attachments=attachments,
    )
    is_new = await accept(visit, event)
    return json(MessageAccepted(message_id=ids.contact_message_id(event.id), duplicate=not is_new), status=202)


async def accept(visit: Visit, event: InboundEvent) -> bool:
    """Into the inbox, durably; watchers of a conversation that the bot owns see it begin to type."""
    if is_about_links(event) and not await visit.services.identity.heard(visit.account.channel, event):
        return True
    event = await as_wish(visit.store, event, visit.tenant.notices)
    if event.kind is EventKind.CONTACT_WENT_ON:
        return not (await visit.tenant.handoff.take(event)).is_duplicate
    head = await visit.store.head(visit.conv)
    (is_new,) = await visit.services.inbox.accept(visit.tenant.id, (event,), channel=visit.account.channel.kind)
    if is_new and (head is None or head.owner in (Owner.BOT, Owner.NONE)):
        visit.services.hub.publish(visit.tenant.id, visit.conv, "typing", {"who": "bot", "active": True})
    return is_new


async def _attachments(visit: Visit, upload_ids: list[str]) -> tuple[Attachment, ...]:
    most = visit.services.limits.attachments
    if len(upload_ids) > most:
        raise PayloadInvalid(f"More than {most} attachments.", field="/upload_ids")
    found: list[Attachment] = []
    for index, upload_id in enumerate(dict.fromkeys(upload_ids)):
        upload = await visit.store.upload(upload_id)
        if upload is None or upload[1] != visit.conv:
            raise PayloadInvalid("No such upload.", field=f"/upload_ids/{index}")
        found.append(upload[0])
    return tuple(found)


async def take_message(request: web.Request, visit: Visit) -> None:
    """Count a message against the limits."""
    limits = visit.services.limits
    await request.config_dict[RATE_LIMITS].message(limits, visitor=visit.session.visitor, address=visit.address)


async def take_action(request: web.Request, visit: Visit) -> None:
    """Count something smaller against the limits."""
    limits = visit.services.limits
    await request.config_dict[RATE_LIMITS].action(limits, visitor=visit.session.visitor, address=visit.address)


async def escalate(request: web.Request) -> web.Response:
    """The button "talk to a person"."""
    visit = await visit_of(request)
    asked = await read_json(request, EscalateAsked, limit=visit.services.limits.body_bytes, allow_empty=True)
    await take_action(request, visit)
    key = asked.client_msg_id or visit.services.new_id("k")
    done = await bring_person(visit, key=key, reason=asked.reason)
    return json(Escalated(handoff_id=done.handoff_id, owner=done.head.owner))


async def bring_person(visit: Visit, *, key: str, reason: str | None) -> Done:
    """Hand over now.  A conversation begins with its contact's words, so before the first message the wish is said for them."""
    detail = clean(reason or "", limit=REASON_CHARS, field="/reason", allow_empty=True) or None
    if await visit.store.head(visit.conv) is None:
        language = (visit.session.locale or "").replace("_", "-").partition("-")[0].lower()
        words = detail or ASK_FOR_PERSON.get(language, ASK_DEFAULT)
        now = visit.services.clock()
        event = visit.account.channel.said(visit.session, key=f"ask.{key}", text=words, now=now, field="/reason")
        await visit.services.inbox.accept(visit.tenant.id, (event,), channel=visit.account.channel.kind)
    return await visit.tenant.handoff.request(visit.conv, key=key, reason=detail)


async def give_thumb(request: web.Request) -> web.Response:
    """A thumb on a reply."""
    visit = await visit_of(request)
    given = await read_json(request, ThumbGiven, limit=visit.services.limits.body_bytes)
    await take_action(request, visit)
    message = await shown_message(visit, given.message_id)
    await keep_feedback(visit, message.id, STARS[given.rating], given.comment or "", field="/comment")
    return web.Response(status=204)


async def shown_message(visit: Visit, message_id: str) -> Message:
    """A reply the contact has seen; 404 alike for what is unknown, another's, internal or the contact's own."""
    message = await visit.store.message(message_id)
    if message is None or message.conv != visit.conv:
        raise not_found("message")
    if message.visibility is not Visibility.CONTACT or message.role is Role.CONTACT:
        raise not_found("message")
    return message


async def keep_feedback(visit: Visit, message_id: str | None, rating: int, text: str, *, field: str) -> None:
    """Store feedback; the same words on the same thing are stored once."""
    words = clean(text, limit=2_000, field=field, allow_empty=True)
    feedback = Feedback(
        id="f_" + ids.digest(visit.conv, message_id or "", str(rating), words),
        conv=visit.conv,
        message_id=message_id,
        rating=rating,
        text=words,
        given_at=visit.services.clock(),
    )
    await visit.store.put_feedback(feedback)


async def rate(request: web.Request) -> web.Response:
    """How the episode went, after it was resolved."""
    visit = await visit_of(request)
    given = await read_json(request, CsatGiven, limit=visit.services.limits.body_bytes)
    await take_action(request, visit)
    head = await visit.store.head(visit.conv)
    if head is None:
        raise not_found()
    comment = clean(given.comment or "", limit=2_000, field="/comment", allow_empty=True)
    key = ids.digest(str(head.episode), str(given.rating), comment)
    await visit.tenant.handoff.rate(visit.conv, rating=given.rating, key=key, comment=comment)
    return web.Response(status=204)


async def tell_typing(request: web.Request) -> web.Response:
    """Whether the contact types, for the desk; nothing is stored."""
    visit = await visit_of(request)
    told = await read_json(request, TypingTold, limit=visit.services.limits.body_bytes)
    await take_action(request, visit)
    facts = {"who": "contact", "active": told.active}
    visit.services.hub.publish(visit.tenant.id, visit.conv, "typing", facts)
    return web.Response(status=204)


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [
        web.post("/v1/web/sessions", start_session),
        web.post("/v1/web/logout", log_out),
        web.post("/v1/web/messages", say),
        web.post("/v1/web/escalate", escalate),
        web.post("/v1/web/feedback", give_thumb),
        web.post("/v1/web/csat", rate),
        web.post("/v1/web/typing", tell_typing),
    ]
