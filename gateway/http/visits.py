"""Who is asking: sessions of visitors, proven by token, started, renewed, identified and ended.

A conversation is readable only by its own session.  The rules of identity are in adapters/web; here they meet the store.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from adapters.shared.text import clean_line
from adapters.web import identity
from adapters.web.tokens import (
    Customer,
    Session,
    SessionTokens,
    TokenInvalid,
    customer_conversation,
    visitor_conversation,
)
from core import ids
from core.domain import EventKind, Head, InboundEvent
from core.errors import AccountUnknown, PayloadInvalid
from core.identity import customer_fact
from core.ledger import CommitDraft
from core.ownership import decide
from core.ports.store import TenantStore
from gateway.http.limits import RATE_LIMITS, address_of
from gateway.http.logins import LOGINS
from gateway.http.origins import check_origin
from gateway.http.problem import unauthorized
from gateway.services import Services, TenantServices, WebAccount, services_of

LOGOUT_KIND: Final = "logout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A proven session with what its handler may use."""

    services: Services
    tenant: TenantServices
    account: WebAccount
    session: Session
    address: str

    @property
    def conv(self) -> str:
        """The session's conversation."""
        return self.session.conv

    @property
    def store(self) -> TenantStore:
        """The tenant's data."""
        return self.tenant.store


def tokens_of(services: Services) -> SessionTokens:
    """The token maker of the process."""
    return SessionTokens(services.session_secret, clock=services.clock)


def bearer(request: web.Request) -> str | None:
    """The token of the ``Authorization`` header."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


async def visit_of(request: web.Request) -> Visit:
    """The visit that a request proves; 401 without a valid token, 403 from a site that may not ask."""
    token = bearer(request)
    if token is None:
        raise unauthorized("token_missing", "Send the session token as `Authorization: Bearer …`.")
    services = services_of(request)
    session = tokens_of(services).read(token)
    visit = _visit(request, services, session)
    if await request.config_dict[LOGINS].is_over(visit.store, session.login):
        raise TokenInvalid("This session has ended.")
    return visit


def _visit(request: web.Request, services: Services, session: Session) -> Visit:
    account = services.accounts.get(session.account)
    if account is None or account.tenant != session.tenant:
        raise TokenInvalid("The session token is for an account that no longer exists.")
    check_origin(request, services, account)
    return Visit(
        services=services,
        tenant=services.tenants[account.tenant],
        account=account,
        session=session,
        address=address_of(request, services),
    )


def only_account(services: Services, asked: str | None) -> WebAccount:
    """The account a caller without a token means: the one they name, or the only one there is."""
    if asked is not None:
        account = services.accounts.get(asked)
        if account is None:
            raise AccountUnknown("No such account.")
        return account
    if len(services.accounts) != 1:
        raise PayloadInvalid("Several web accounts are configured: start a session and name one.", field="/account")
    return next(iter(services.accounts.values()))


async def new_visit(
    request: web.Request,
    account: WebAccount,
    *,
    visitor: str | None = None,
    locale: str | None = None,
    page_url: str | None = None,
) -> Visit:
    """A visitor we have not seen before; nothing is stored until they say something."""
    services = services_of(request)
    check_origin(request, services, account)
    await request.config_dict[RATE_LIMITS].session(services.limits, address=address_of(request, services))
    visitor = visitor or services.new_id("v")
    session = Session(
        tenant=account.tenant,
        account=account.id,
        visitor=visitor,
        conv=visitor_conversation(account.tenant, account.id, visitor),
        login=services.new_id("s"),
        expires_at=services.clock(),
        locale=locale or None,
        page=page_of(page_url),
    )
    return _visit(request, services, session)


async def renewed(request: web.Request, token: str, *, asked: str | None, locale: str | None = None) -> Visit:
    """The visit of an earlier token, valid or expired for less than thirty days."""
    services = services_of(request)
    session = tokens_of(services).read(token, for_renewal=True)
    if asked is not None and asked != session.account:
        raise TokenInvalid("The session token is for another account.")
    visit = _visit(request, services, replace(session, locale=locale or session.locale))
    await request.config_dict[RATE_LIMITS].session(services.limits, address=visit.address)
    if await request.config_dict[LOGINS].is_over(visit.store, session.login):
        raise TokenInvalid("This session has ended.")
    return visit


async def identified(request: web.Request, visit: Visit, token: str) -> Visit:
    """The visit of the customer whom a company's token proves.

    An anonymous conversation becomes the customer's own when they have none yet; otherwise theirs is used and the anonymous one
    stays behind.  A conversation is given to one customer, once.
    """
    now = visit.services.clock()
    settings = visit.account.settings
    customer = identity.verify(token, settings=settings, account=visit.account.id, now=now)
    before = visit.session
    if before.customer is not None and before.customer.sub == customer.sub:
        session = replace(before, customer=customer)
    else:
        conv = await _conversation_of(visit, customer)
        await request.config_dict[LOGINS].end(visit.store, before.login)
        is_same = conv == before.conv
        visitor = before.visitor if is_same else visit.services.new_id("v")
        login = visit.services.new_id("s")
        session = replace(before, conv=conv, visitor=visitor, login=login, customer=customer)
    after = replace(visit, session=session)
    await _tell(after)
    if (head := await after.store.head(after.conv)) is not None:
        fact = customer_fact(settings.jwt_audience or visit.account.id, customer.sub)
        await after.services.identity.vouch(after.account.channel, head, facts=(fact,))
    return after


async def _conversation_of(visit: Visit, customer: Customer) -> str:
    session = visit.session
    key = f"web-customer:{session.account}:{ids.digest(customer.sub)}"
    standing = await visit.store.claimed(key)
    if standing is not None:
        return standing
    own = customer_conversation(session.tenant, session.account, customer.sub)
    if session.customer is None and await visit.store.head(session.conv) is not None:
        holder = await visit.store.claim(f"web-conversation:{session.conv}", ids.digest(customer.sub))
        if holder == ids.digest(customer.sub):
            own = session.conv
    return await visit.store.claim(key, own)


async def _tell(visit: Visit) -> None:
    """The conversation learns who its contact is, when it exists and does not know yet."""
    head = await visit.store.head(visit.conv)
    now = visit.services.clock()
    contact = visit.session.contact(now)
    if head is None or replace(contact, id=head.contact.id) == head.contact:
        return
    event = InboundEvent(
        tenant=head.tenant,
        account=head.account,
        conv=head.conv,
        dedupe_key=visit.services.new_id("identified"),
        kind=EventKind.CONTACT_IDENTIFIED,
        contact=contact,
        provider_at=now,
        received_at=now,
        thread=head.thread,
    )

    def build(newest: Head) -> CommitDraft:
        return decide(newest, event, notices=visit.tenant.notices)

    await visit.store.append(head.conv, nonce=event.dedupe_key, build=build, event=event)


async def end(request: web.Request, visit: Visit) -> None:
    """Log out: the login is over everywhere, and its open streams end."""
    await request.config_dict[LOGINS].end(visit.store, visit.session.login)
    facts = {"login": visit.session.login}
    visit.services.hub.publish(visit.tenant.id, visit.conv, LOGOUT_KIND, facts)


def page_of(url: str | None) -> str | None:
    """Where the visitor is, without query and fragment, which may hold secrets."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return clean_line(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", limit=300)
