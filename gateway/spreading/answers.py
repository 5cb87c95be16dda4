"""Kept answers that all replicas share: core.answer_cache.AnswerCache in Redis.

The rules are those of core/kept_answers.py: a tenant has a shelf of its own with a bound on entries and bytes, what was least
recently used goes first, and an entry is checked against the chunks it cites at every use.  An answer and its question are sealed
with a key of the installation, and questions are named by keyed digests, so Redis learns neither and can put nothing into our
mouth.  Only the vectors of questions, where similar ones may share an answer, lie open.  Out of reach means: nothing is kept.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, cast

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis

from adapters.web.tokens import signing_key
from core.answer_cache import CacheSettings, Entry, Hit, Lookup, closest, packed
from core.kept_answers import COMPARED, size_of
from gateway.spreading import answers_scripts as scripts
from gateway.spreading.line import Line

NONCE_BYTES: Final = 12
SHELF: Final = ("values", "facts", "used", "alike", "vectors")
"""The keys of a tenant: sealed values, their sizes and marks, when each was used, questions that may be alike, their vectors."""


class Kept(msgspec.Struct, frozen=True, array_like=True, tag="kept-1"):
    """An entry as it is sealed, with the lookup it was kept for but for its vector."""

    lookup: Lookup
    entry: Entry


class RedisAnswers:
    """The kept answers of one tenant's settings; tenants of one installation may share a Redis."""

    def __init__(
        self,
        line: Line,
        settings: CacheSettings,
        *,
        secret: bytes,
        prefix: str,
        clock: Callable[[], datetime],
        limit_s: float,
    ) -> None:
        self._line = line
        self._settings = settings
        self._clock = clock
        self._limit_s = limit_s
        self._prefix = prefix
        self._naming = signing_key(secret, "answers-name")
        self._sealing = AESGCM(signing_key(secret, "answers"))
        self._scripts = {name: line.redis.register_script(text) for name, text in scripts.ALL.items()}

    async def get(self, lookup: Lookup, *, similarity: float | None = None) -> Hit | None:
        """The answer to an equal question, else to one that is alike enough."""
        name, likeness = self._name(lookup.id), 1.0
        sealed = await self._call("get", lookup.tenant, name)
        if not sealed and similarity is not None and lookup.vector:
            name, likeness = await self._alike(lookup, similarity)
            sealed = await self._call("get", lookup.tenant, name) if name else None
        hit = self._opened(name, sealed, likeness) if sealed else None
        if hit is None or (self._clock() - hit.entry.made_at).total_seconds() < self._settings.ttl_s:
            return hit
        await self.forget(hit)
        return None

    async def put(self, lookup: Lookup, entry: Entry) -> None:
        """Keep an answer; one that alone is over the bound is not kept."""
        bounds, size = self._settings, size_of(lookup, entry)
        if size > bounds.size_bytes:
            return
        name = self._name(lookup.id)
        kept = msgspec.msgpack.encode(Kept(replace(lookup, vector=()), entry))
        nonce = secrets.token_bytes(NONCE_BYTES)
        await self._call(
            "put",
            lookup.tenant,
            name,
            nonce + self._sealing.encrypt(nonce, kept, name.encode()),
            size,
            self._mark(entry),
            int(bounds.ttl_s * 1000),
            bounds.entries,
            bounds.size_bytes,
            self._group(lookup),
            packed(lookup.vector),
        )

    async def forget(self, hit: Hit) -> None:
        """Drop the entry of a hit, unless it was replaced meanwhile."""
        await self._call("forget", hit.kept_for.tenant, self._name(hit.kept_for.id), self._mark(hit.entry))

    async def _alike(self, lookup: Lookup, similarity: float) -> tuple[str, float]:
        """The name of the nearest question that is kept, "" when none is near enough."""
        found = await self._call("alike", lookup.tenant, self._group(lookup), COMPARED) or []
        names, vectors = found[::2], found[1::2]
        if not vectors:
            return "", 0.0
        best, likeness = closest(lookup.vector, b"".join(vectors))
        return (names[best].decode(), likeness) if likeness >= similarity else ("", 0.0)

    async def _call(self, script: str, tenant: str, *args: str | bytes | float) -> Any:
        """What a script answers; None while Redis is out of reach."""
        shelf = f"{self._prefix}:answers:{{{self._name(tenant)}}}"

        def call(redis: Redis) -> Awaitable[Any]:
            keys = [f"{shelf}:{name}" for name in SHELF]
            made = self._scripts[script](keys=keys, args=list(args), client=cast("Any", redis))
            return cast("Awaitable[Any]", made)

        return await self._line.ask("answers", call, limit_s=self._limit_s)

    def _opened(self, name: str, sealed: bytes, likeness: float) -> Hit | None:
        """What was sealed under this name; None when it was not sealed by us, or by another version."""
        try:
            raw = self._sealing.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
            kept = msgspec.msgpack.decode(raw, type=Kept)
        except (InvalidTag, ValueError, msgspec.MsgspecError):
            return None
        return Hit(entry=kept.entry, kept_for=kept.lookup, similarity=likeness)

    def _name(self, text: str) -> str:
        return hmac.digest(self._naming, text.encode(), "sha256").hex()[:32]

    def _group(self, lookup: Lookup) -> str:
        """Names the questions that this one may be alike to; "" when it has no vector."""
        if not lookup.vector:
            return ""
        return self._name("\0".join((lookup.scope, str(len(lookup.vector)), *sorted(lookup.question.musts))))

    def _mark(self, entry: Entry) -> str:
        """The same for equal entries, whoever encodes them."""
        return self._name(f"{entry.made_at.timestamp():.6f} {entry.text}")
