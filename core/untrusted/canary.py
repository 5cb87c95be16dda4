"""Canaries: a marker of the turn in the system prompt; the guard holds back whatever shows it (``core.guard.canary``).  Pure."""

from __future__ import annotations

import hmac

PREFIX = "ref-"
_LENGTH = 16
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def canary(secret: bytes, turn_id: str) -> str:
    """The marker of a turn, e.g. ``ref-7kq2m9xw4tnv83hd``: the same for a retry, unguessable without the secret."""
    digest = hmac.digest(secret, f"canary:{turn_id}".encode(), "sha256")
    number = int.from_bytes(digest)
    letters = []
    for _ in range(_LENGTH):
        number, at = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[at])
    return PREFIX + "".join(letters)
