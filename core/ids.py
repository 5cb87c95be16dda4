"""Ids: opaque and time-ordered for what we create, deterministic where two writers may race (LEDGER.md)."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Final

NewId = Callable[[str], str]
"""Makes an id with the given prefix; passed in, so that tests can seed it."""


def digest(*parts: str) -> str:
    """BLAKE2b of ``parts`` as 32 hex characters; unambiguous, since each part is length-prefixed."""
    raw = [part.encode("utf-8", "surrogatepass") for part in parts]
    framed = b"".join(b"%d:%b" % (len(part), part) for part in raw)
    return hashlib.blake2b(framed, digest_size=16).hexdigest()


@lru_cache(maxsize=8_192)
def conversation_id(tenant: str, account: str, thread_key: str) -> str:
    """The conversation of a thread: deterministic, so that a first contact cannot race."""
    return "c_" + digest(tenant, account, thread_key)


def event_id(conv: str, dedupe_key: str) -> str:
    """The id of an inbound event; its uniqueness is the dedupe."""
    return f"{conv}|{dedupe_key}"


def contact_message_id(of_event: str) -> str:
    """A contact's message exists as soon as its event is stored, so its id comes from the event."""
    return "m_" + digest(of_event)


def trace_id(of_event: str) -> str:
    """The W3C trace id of all that one inbound event leads to: it comes from the event, so every process knows it."""
    return digest("trace", of_event)


def span_id(*parts: str) -> str:
    """A W3C span id, 16 hex characters: the same work has the same id in whichever process it is told of."""
    return digest("span", *parts)[:16]


def row_id(conv: str, seq: int, index: int) -> str:
    """The id of message or outbox row ``index`` of commit ``seq``."""
    return f"{conv}#{seq}#{index}"


def document_id(tenant: str, source: str, external_id: str) -> str:
    """The id of a knowledge document; ``external_id`` is what the source calls it."""
    return "d_" + digest(tenant, source, external_id)


RANDOM_BYTES: Final = 10
DRAWN_AT_ONCE: Final = 256
"""Random numbers are drawn from the system for so many ids together: a call takes as long for one as for all."""

_drawn: list[bytes] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drawn.clear)  # or both would go on with the same ids


def new_id(prefix: str) -> str:
    """A fresh id: prefix, milliseconds since 1970 (48 bits), 80 random bits; sorts by creation time."""
    return f"{prefix}_{((time.time_ns() // 1_000_000).to_bytes(6, 'big') + _random()).hex()}"


def _random() -> bytes:
    """Random bytes that nobody else gets, in whichever thread."""
    try:
        return _drawn.pop()
    except IndexError:
        drawn = secrets.token_bytes(RANDOM_BYTES * DRAWN_AT_ONCE)
        own, *others = (drawn[at : at + RANDOM_BYTES] for at in range(0, len(drawn), RANDOM_BYTES))
        _drawn.extend(others)
        return own
