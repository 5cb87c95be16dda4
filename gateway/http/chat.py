"""``POST /chat``: one question, and its answer as it is made.

The question goes the way of every message: stored durably, answered by its lane, delivered.  This handler only watches; when the
caller leaves, the turn goes on, and the same ``Idempotency-Key`` finds it again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

import structlog
from aiohttp import web

from adapters.web.render import parse_position
from adapters.web.tokens import signing_key
from core import ids
from core.domain import InboundEvent
from core.errors import FrontdeskError, PayloadInvalid
from gateway.http import problem
from gateway.http.answer import Answer
from gateway.http.bodies import read_json
from gateway.http.limits import address_of
from gateway.http.problem import forbidden, not_found, unauthorized
from gateway.http.sse import KEEP_ALIVE, EventStream, StreamClosed, open_stream
from gateway.http.stream import START, STREAMS_PER_CONVERSATION
from gateway.http.visits import Visit, bearer, new_visit, only_account, tokens_of, visit_of
from gateway.http.web import accept, take_message
from gateway.http.wire import ChatAsked, ChatSession
from gateway.live import Subscription
from gateway.services import services_of

log = structlog.get_logger(__name__)

KEY_FORM: Final = re.compile(r"[A-Za-z0-9_.:\-]{1,100}")
SECRET_KEY_CHARS: Final = 16
"""From here on a key is taken for unguessable, so that it may stand for a visitor whose first answer was lost."""


async def chat(request: web.Request) -> web.StreamResponse:
    """Ask and watch."""
    services = services_of(request)
    asked = await read_json(request, ChatAsked, limit=services.limits.body_bytes)
    key = idempotency_key(request)
    visit = await _visit(request, asked, key)
    await take_message(request, visit)
    event = visit.account.channel.said(
        visit.session,
        key=key or services.new_id("k"),
        text=asked.user_message,
        now=services.clock(),
        field="/user_message",
        limit=services.limits.message_chars,
    )
    most = None if services.limits.is_evaluation else STREAMS_PER_CONVERSATION
    keep_alive = request.config_dict[KEEP_ALIVE]
    # Watching begins before the question is stored, so that nothing of the answer can be missed.
    with (
        services.hub.subscribe(visit.tenant.id, visit.conv) as subscription,
        keep_alive.watching(subscription, limit=services.limits.streams, of=visit.conv, limit_of=most),
    ):
        await accept(visit, event)
        out = await open_stream(request)
        await _stream(request, visit, event, out, subscription)
    return out.response


async def _stream(
    request: web.Request, visit: Visit, event: InboundEvent, out: EventStream, subscription: Subscription
) -> None:
    try:
        await out.send("session", _session(visit, event))
        answer = Answer(
            visit=visit,
            out=out,
            subscription=subscription,
            event_id=event.id,
            after=parse_position(request.headers.get("Last-Event-ID", "")) or START,
            limit_s=visit.services.limits.answer_s,
        )
        await answer.follow()
    except StreamClosed:
        return
    except FrontdeskError as error:
        await _tell(out, problem.of_error(error))
    except Exception:
        # The stream has begun, so this cannot become an HTTP status any more.
        error_id = visit.services.new_id("e")
        log.exception("chat_failed", error_id=error_id, conv=visit.conv)
        await _tell(out, problem.problem(500, "internal", "Something went wrong on our side.", error_id=error_id))


async def _tell(out: EventStream, item: problem.Problem) -> None:
    try:
        await out.send("error", item)
    except StreamClosed:
        return


def _session(visit: Visit, event: InboundEvent) -> ChatSession:
    token, session = tokens_of(visit.services).mint(visit.session)
    return ChatSession(
        session_token=token,
        conv_id=session.conv,
        message_id=ids.contact_message_id(event.id),
        expires_at=session.expires_at,
    )


def idempotency_key(request: web.Request) -> str | None:
    """The caller's key, with or without the quotes of a structured header."""
    raw = request.headers.get("Idempotency-Key")
    if raw is None:
        return None
    key = raw.strip().strip('"')
    if not KEY_FORM.fullmatch(key):
        detail = "1 to 100 letters, digits and the characters _ . : - are allowed."
        raise PayloadInvalid(detail, field="Idempotency-Key")
    return key


async def _visit(request: web.Request, asked: ChatAsked, key: str | None) -> Visit:
    if bearer(request) is None:
        visit = await _stranger(request, asked, key)
    else:
        visit = await visit_of(request)
        if asked.conv_id is not None and asked.conv_id != visit.conv:
            raise not_found()
    _check_customer_account(visit, asked.account_id)
    return visit


async def _stranger(request: web.Request, asked: ChatAsked, key: str | None) -> Visit:
    services = services_of(request)
    if asked.conv_id is not None:
        raise unauthorized("token_missing", "A conversation is continued with its session token.")
    if len(services.accounts) != 1:
        raise unauthorized("token_missing", "Several web accounts are configured: start a session first.")
    account = only_account(services, None)
    visitor = None
    if key is not None and len(key) >= SECRET_KEY_CHARS:
        facts = ids.digest(account.id, address_of(request, services), key, asked.user_message)
        secret = signing_key(services.session_secret, "chat-visitor")
        visitor = "v_" + hmac.digest(secret, facts.encode(), hashlib.sha256).hex()[:32]
    return await new_visit(request, account, visitor=visitor)


def _check_customer_account(visit: Visit, account_id: str | None) -> None:
    """A customer account named in the body counts only when the session's proof says the same."""
    if account_id is None:
        return
    proven = visit.session.contact(visit.services.clock())
    if not proven.verified or proven.customer_account != account_id:
        raise forbidden("customer_account_unproven", "The session does not prove this customer account.")


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.post("/chat", chat)]
