"""Customer tokens and session tokens: what proves somebody, and everything that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.web.identity import IdentityInvalid, verify
from adapters.web.settings import WebSettings
from adapters.web.tokens import Customer, Session, SessionTokens, TokenExpired, TokenInvalid

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "a shared secret of at least 32 bytes"
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = (
    PRIVATE.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
SETTINGS = WebSettings.model_validate(
    {
        "jwt_keys": [
            {"kid": "hs", "alg": "HS256", "secret": SECRET},
            {"kid": "es", "alg": "ES256", "public_key": PUBLIC},
        ],
        "jwt_audience": "shop",
    }
)


def claims(**changes: Any) -> dict[str, Any]:
    plain = {
        "sub": "cust-7",
        "aud": "shop",
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(minutes=5)).timestamp()),
        "name": "Kim",
        "email": "kim@example.com",
        "email_verified": True,
        "customer_account": "A-1",
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not None}


def signed(key: Any = SECRET, *, alg: str = "HS256", kid: str | None = "hs", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=alg, headers={"kid": kid} if kid else None)


def check(token: str, *, now: datetime = NOW) -> Customer:
    return verify(token, settings=SETTINGS, account="demo-web", now=now)


def test_both_kinds_of_key_prove_a_customer() -> None:
    for token in (signed(), signed(PRIVATE, alg="ES256", kid="es")):
        customer = check(token)
        assert (customer.sub, customer.name, customer.email) == ("cust-7", "Kim", "kim@example.com")
        assert customer.customer_account == "A-1"


def test_an_email_counts_only_when_it_is_verified() -> None:
    assert check(signed(email_verified=None)).email is None
    assert check(signed(email_verified="true")).email is None


def test_the_leeway_is_a_minute() -> None:
    token = signed()
    check(token, now=NOW + timedelta(minutes=5, seconds=59))
    with pytest.raises(IdentityInvalid, match="expired"):
        check(token, now=NOW + timedelta(minutes=6))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "x" * 9_000,
        signed(kid=None),
        signed(kid="unknown"),
        signed("another secret of at least 32 bytes!"),
        # The header's algorithm never chooses: the ES256 record takes no HS256, not even keyed with its own public key.
        signed("0" * 40, kid="es"),
        jwt.encode(claims(), "", algorithm="none", headers={"kid": "hs"}),
        signed(sub=None),
        signed(sub=""),
        signed(sub=" cust-7"),
        signed(sub="x" * 201),
        signed(aud="elsewhere"),
        signed(aud=None),
        signed(iat=None),
        signed(exp=None),
        signed(exp=int((NOW + timedelta(hours=25)).timestamp())),
        signed(iat=int((NOW + timedelta(minutes=2)).timestamp())),
        signed(nbf=int((NOW + timedelta(minutes=2)).timestamp())),
        signed(exp=True),
        signed(exp=10**30),
    ],
)
def test_everything_else_is_refused(token: str) -> None:
    with pytest.raises(IdentityInvalid):
        check(token)


def test_an_identifier_is_never_mended() -> None:
    assert check(signed(customer_account="A\u200b-1")).customer_account is None
    assert check(signed(customer_account=7)).customer_account is None


def test_a_secret_that_is_too_short_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        WebSettings.model_validate({"jwt_keys": [{"kid": "a", "alg": "HS256", "secret": "short"}]})


SESSION = Session(
    tenant="demo", account="demo-web", visitor="v_1", conv="c_1", login="s_1", expires_at=NOW, locale="de", page="https://a/b",
    customer=Customer(sub="cust-7", until=NOW + timedelta(hours=1), name="Kim", customer_account="A-1"),
)  # fmt: skip


def tokens(now: datetime = NOW, secret: bytes = b"s" * 32) -> SessionTokens:
    return SessionTokens(secret, clock=lambda: now)


def test_a_session_survives_its_token() -> None:
    token, fresh = tokens().mint(SESSION)
    assert fresh == replace(SESSION, expires_at=NOW + timedelta(hours=1))
    assert tokens().read(token) == fresh


def test_a_token_ends_after_an_hour_and_is_renewable_for_thirty_days() -> None:
    token, _ = tokens().mint(SESSION)
    with pytest.raises(TokenExpired):
        tokens(NOW + timedelta(hours=1)).read(token)
    assert tokens(NOW + timedelta(days=30)).read(token, for_renewal=True).visitor == "v_1"
    with pytest.raises(TokenExpired):
        tokens(NOW + timedelta(days=30, hours=1)).read(token, for_renewal=True)


def test_foreign_and_broken_tokens_are_invalid() -> None:
    token, _ = tokens().mint(SESSION)
    head, body, signature = token.split(".")
    none = jwt.encode({"aud": "frontdesk-web", "exp": 9e9, "iat": 0, "jti": "s"}, "", algorithm="none")
    for bad in ("", "x", token[:-2], f"{head}.{body}.", f"{head}.{signature}.{body}", none, "x" * 5_000, signed()):
        with pytest.raises(TokenInvalid):
            tokens().read(bad)
    with pytest.raises(TokenInvalid):
        tokens(secret=b"t" * 32).read(token)


def test_the_proof_of_an_identity_ends_before_the_session_does() -> None:
    proven = SESSION.contact(NOW)
    assert proven.verified and proven.customer_account == "A-1"
    later = SESSION.contact(NOW + timedelta(hours=2))
    assert not later.verified and later.customer_account is None and later.name == "Kim"
