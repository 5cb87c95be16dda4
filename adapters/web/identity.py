"""Who a customer is, as the company's own server signed it: rules for the ``jwt`` of a session.

The key record chosen by ``kid`` fixes the algorithm; the token's header never does.  ``exp`` (at most a day), ``iat``, ``aud``
and ``sub`` are required; e-mail counts only with ``email_verified: true``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.shared.text import clean_line
from adapters.web.settings import JwtKey, WebSettings
from adapters.web.tokens import LIFETIME, Customer
from core.errors import InboundRejected

LEEWAY: Final = timedelta(seconds=60)
LONGEST: Final = timedelta(hours=24)
MAX_JWT_CHARS: Final = 8_192
MAX_SUB_CHARS: Final = 200


class IdentityInvalid(InboundRejected):
    """The customer's token is not accepted; the message says which rule, never what the token holds."""

    code = "identity_invalid"
    status = 401


def verify(token: str, *, settings: WebSettings, account: str, now: datetime) -> Customer:
    """The customer whom a token proves; ``IdentityInvalid`` otherwise."""
    import jwt  # noqa: PLC0415  with its cryptography it takes long to load

    key = _key_of(token, settings)
    try:
        claims = jwt.decode(
            token,
            _key_material(key),
            algorithms=[key.alg],
            audience=settings.jwt_audience or account,
            options={
                "require": ["exp", "iat", "aud", "sub"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.MissingRequiredClaimError as error:
        raise IdentityInvalid(f"The token has no `{error.claim}`.") from None
    except jwt.InvalidAudienceError:
        raise IdentityInvalid("The token is for another audience.") from None
    except (jwt.PyJWTError, ValueError, TypeError):
        raise IdentityInvalid("The token's signature or format is not valid.") from None
    expires_at = _check_times(claims, now)
    return _customer(claims, until=max(expires_at, now + LIFETIME))


def _key_of(token: str, settings: WebSettings) -> JwtKey:
    import jwt  # noqa: PLC0415  with its cryptography it takes long to load

    if len(token) > MAX_JWT_CHARS:
        raise IdentityInvalid("The token is too long.")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, UnicodeError):
        raise IdentityInvalid("The token is not a JWT.") from None
    for key in settings.jwt_keys:
        if key.kid == header.get("kid"):
            return key
    raise IdentityInvalid("No configured key has the token's `kid`.")


def _key_material(key: JwtKey) -> str | bytes:
    if key.secret is not None:
        return key.secret.get_secret_value().encode()
    return key.public_key or ""


def _check_times(claims: dict[str, Any], now: datetime) -> datetime:
    expires_at, issued_at = _time(claims, "exp"), _time(claims, "iat")
    if now >= expires_at + LEEWAY:
        raise IdentityInvalid("The token has expired.")
    if issued_at > now + LEEWAY or ("nbf" in claims and _time(claims, "nbf") > now + LEEWAY):
        raise IdentityInvalid("The token is not valid yet.")
    if expires_at > min(issued_at, now) + LONGEST + LEEWAY:
        raise IdentityInvalid("The token lives longer than 24 hours.")
    return expires_at


def _time(claims: dict[str, Any], name: str) -> datetime:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise IdentityInvalid(f"`{name}` is not a time.")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise IdentityInvalid(f"`{name}` is not a time.") from None


def _customer(claims: dict[str, Any], *, until: datetime) -> Customer:
    sub = claims["sub"]
    if _exact(sub) is None:
        raise IdentityInvalid(f"`sub` must be a plain text of 1 to {MAX_SUB_CHARS} characters.")
    email = claims.get("email") if claims.get("email_verified") is True else None
    return Customer(
        sub=sub,
        until=until,
        name=_line(claims.get("name")),
        email=_line(email),
        customer_account=_exact(claims.get("customer_account")),
    )


def _line(value: object) -> str | None:
    return clean_line(value, limit=MAX_SUB_CHARS) if isinstance(value, str) else None


def _exact(value: object) -> str | None:
    """An identifier as it stands or not at all: a mended one could be somebody else's."""
    return value if isinstance(value, str) and value and _line(value) == value else None
