"""Session tokens: who a browser is, signed by the server, bound to tenant, web account, visitor and conversation.

A token lives an hour and is renewable for thirty days; all tokens of one login share their ``jti``, by which they are revoked.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from core import ids
from core.domain import Contact
from core.errors import InboundRejected

LIFETIME: Final = timedelta(hours=1)
RENEWABLE: Final = timedelta(days=30)
ALGORITHM: Final = "HS256"
AUDIENCE: Final = "frontdesk-web"
MAX_TOKEN_CHARS: Final = 4_096


class TokenInvalid(InboundRejected):
    """The session token is not ours, or was revoked."""

    code = "token_invalid"
    status = 401


class TokenExpired(InboundRejected):
    """The session token is genuine but over; renew it."""

    code = "token_expired"
    status = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """What the company's server has proven about a contact; authority ends at ``until``."""

    sub: str
    until: datetime
    name: str | None = None
    email: str | None = None
    customer_account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login of one visitor."""

    tenant: str
    account: str
    visitor: str
    conv: str
    login: str
    expires_at: datetime
    locale: str | None = None
    page: str | None = None
    customer: Customer | None = None

    def contact(self, now: datetime) -> Contact:
        """The person behind the session, verified only while the proof stands."""
        if self.customer is None:
            return Contact(id=self.visitor, locale=self.locale)
        is_proven = now < self.customer.until
        return Contact(
            id=f"user:{self.customer.sub}",
            name=self.customer.name,
            email=self.customer.email if is_proven else None,
            customer_account=self.customer.customer_account if is_proven else None,
            verified=is_proven,
            locale=self.locale,
        )


def visitor_conversation(tenant: str, account: str, visitor: str) -> str:
    """The one conversation of an anonymous visitor."""
    return ids.conversation_id(tenant, account, f"visitor:{visitor}")


def customer_conversation(tenant: str, account: str, sub: str) -> str:
    """The conversation of an identified customer who brought none."""
    return ids.conversation_id(tenant, account, f"user:{sub}")


@lru_cache(maxsize=32)
def signing_key(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose, so that nothing signed for one is good for another."""
    return hmac.digest(secret, f"frontdesk:{purpose}".encode(), hashlib.sha256)


class SessionTokens:
    """Mints and reads session tokens; no I/O, revocation is asked elsewhere."""

    def __init__(self, secret: bytes, *, clock: Callable[[], datetime]) -> None:
        self._key = signing_key(secret, "web-session")
        self._clock = clock

    def mint(self, session: Session) -> tuple[str, Session]:
        """A token that is good for an hour from now, and the session as it says it."""
        import jwt  # noqa: PLC0415  with its cryptography it takes long to load

        now = self._clock().replace(microsecond=0)
        fresh = replace(session, expires_at=now + LIFETIME)
        return jwt.encode(_claims(fresh, now), self._key, algorithm=ALGORITHM), fresh

    def read(self, token: str, *, for_renewal: bool = False) -> Session:
        """The session of a token; ``TokenInvalid`` or ``TokenExpired`` (for renewal only after thirty days more)."""
        import jwt  # noqa: PLC0415  with its cryptography it takes long to load

        if len(token) > MAX_TOKEN_CHARS:
            raise TokenInvalid("The session token is not valid.")
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                options={"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "jti"]},
            )
            session = _session(claims)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, UnicodeError):
            raise TokenInvalid("The session token is not valid.") from None
        good_until = session.expires_at + (RENEWABLE if for_renewal else timedelta())
        if self._clock() >= good_until:
            raise TokenExpired("The session token has expired.")
        return session


def _claims(session: Session, now: datetime) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "aud": AUDIENCE,
        "iat": int(now.timestamp()),
        "exp": int(session.expires_at.timestamp()),
        "jti": session.login,
        "tenant": session.tenant,
        "account": session.account,
        "visitor": session.visitor,
        "conv": session.conv,
    }
    if session.locale:
        claims["locale"] = session.locale
    if session.page:
        claims["page"] = session.page
    if session.customer is not None:
        known = session.customer
        facts = {"sub": known.sub, "name": known.name, "email": known.email, "account": known.customer_account}
        claims["customer"] = {key: value for key, value in facts.items() if value is not None}
        claims["customer"]["until"] = int(known.until.timestamp())
    return claims


def _session(claims: dict[str, Any]) -> Session:
    known = claims.get("customer")
    return Session(
        tenant=claims["tenant"],
        account=claims["account"],
        visitor=claims["visitor"],
        conv=claims["conv"],
        login=claims["jti"],
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        locale=claims.get("locale"),
        page=claims.get("page"),
        customer=None if known is None else _customer(known),
    )


def _customer(known: dict[str, Any]) -> Customer:
    return Customer(
        sub=known["sub"],
        until=datetime.fromtimestamp(known["until"], UTC),
        name=known.get("name"),
        email=known.get("email"),
        customer_account=known.get("account"),
    )
