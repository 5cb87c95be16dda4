"""Who may say what: the connector's own signed tokens, the documents that publish its key, and the tokens bots ask for."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER: Final = "https://api.botframework.com"
AUDIENCE: Final = "https://api.botframework.com/.default"
LASTS: Final = timedelta(hours=1)
KEY_BITS: Final = 2048


class ConnectorKey:
    """One key pair of the connector; ``endorsements`` are published with it."""

    def __init__(self, kid: str = "lab-key-1", endorsements: tuple[str, ...] = ("msteams",)) -> None:
        self.kid = kid
        self.endorsements = endorsements

    @cached_property
    def private(self) -> rsa.RSAPrivateKey:
        """Made on first use: it takes a tenth of a second."""
        return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)

    def jwk(self) -> dict[str, Any]:
        """The public half as the key set lists it."""
        found: dict[str, Any] = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**found, "use": "sig", "kid": self.kid, "x5t": self.kid, "endorsements": list(self.endorsements)}

    def sign(self, claims: Mapping[str, Any], *, headers: Mapping[str, Any] | None = None) -> str:
        """A token; ``headers`` may lie about the key."""
        given = {"kid": self.kid, "x5t": self.kid, **(headers or {})}
        return jwt.encode(dict(claims), self.private, algorithm="RS256", headers=given)


class Identity:
    """The token service and the key server of the stand-in, and the connector's own token."""

    def __init__(
        self,
        *,
        app_id: str,
        app_secret: str,
        app_tenant: str,
        clock: Callable[[], datetime],
        keys: Sequence[ConnectorKey],
    ) -> None:
        self.app_id = app_id
        self.app_secret = app_secret
        self.app_tenant = app_tenant
        self.published = list(keys) or [ConnectorKey()]
        self.key = self.published[0]
        self.refuses_next = False
        """Whether the next token is refused, as after a secret was deleted."""
        self.tokens_given = 0
        self.keys_asked = 0
        self._clock = clock
        self._given: dict[str, datetime] = {}
        self._own: tuple[str, str, datetime] | None = None

    def claims(self, service_url: str, **changes: Any) -> dict[str, Any]:
        """What the connector's token says; ``changes`` replace, None takes away."""
        now = int(self._clock().timestamp())
        plain: dict[str, Any] = {
            "serviceurl": service_url,
            "nbf": now - 10,
            "exp": now + int(LASTS.total_seconds()),
            "iss": ISSUER,
            "aud": self.app_id,
        }
        return {name: value for name, value in {**plain, **changes}.items() if value is not None}

    def token(self, service_url: str) -> str:
        """The connector's token; the same one for most of an hour, as the vendor does."""
        now = self._clock()
        if self._own is None or self._own[1] != service_url + self.key.kid or now >= self._own[2]:
            self._own = (self.key.sign(self.claims(service_url)), service_url + self.key.kid, now + LASTS / 2)
        return self._own[0]

    def revoke(self) -> None:
        """Forget every token given to the bot."""
        self._given.clear()

    def knows(self, header: str) -> bool:
        """Whether an ``Authorization`` header holds a token we gave and that still lasts."""
        until = self._given.get(header.removeprefix("Bearer ")) if header.startswith("Bearer ") else None
        return until is not None and self._clock() < until

    def routes(self, address: Callable[[], str]) -> list[web.RouteDef]:
        """The two documents and the token service; ``address`` is where the stand-in is."""

        async def metadata(_: web.Request) -> web.Response:
            body = {
                "issuer": ISSUER,
                "jwks_uri": f"{address()}/v1/.well-known/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
            return web.json_response(body)

        async def keys(_: web.Request) -> web.Response:
            self.keys_asked += 1
            return web.json_response({"keys": [key.jwk() for key in self.published]})

        return [
            web.get("/v1/.well-known/openidconfiguration", metadata),
            web.get("/v1/.well-known/keys", keys),
            web.post("/{tenant}/oauth2/v2.0/token", self._token),
        ]

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("grant_type") != "client_credentials" or form.get("scope") != AUDIENCE:
            return _refused("invalid_request", "AADSTS900144: The request body is not complete.", 400)
        if request.match_info["tenant"] != self.app_tenant:
            return _refused("invalid_request", "AADSTS90002: Tenant not found.", 400)
        if form.get("client_id") != self.app_id:
            return _refused("unauthorized_client", "AADSTS700016: Application was not found in the directory.", 400)
        if self.refuses_next or form.get("client_secret") != self.app_secret:
            self.refuses_next = False
            return _refused("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401)
        token = f"lab.{secrets.token_urlsafe(24)}"
        self._given[token] = self._clock() + LASTS
        self.tokens_given += 1
        lasts = int(LASTS.total_seconds())
        return web.json_response(
            {"token_type": "Bearer", "expires_in": lasts, "ext_expires_in": lasts, "access_token": token}
        )


def _refused(code: str, words: str, status: int) -> web.Response:
    return web.json_response({"error": code, "error_description": words, "error_codes": []}, status=status)
