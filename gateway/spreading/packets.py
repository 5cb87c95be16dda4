"""What replicas tell each other, as bytes: numbered per sender, sealed with a key that only the installation has.

A packet is (version, sender, number, sealed events).  Numbers grow by one, so a hole tells that something was missed.  The key is
derived from the session secret and the sender, who is new at every start, and the number is the nonce, so no nonce is used twice.
Who can write to Redis can neither read what is said to customers nor say anything to them.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.web.tokens import signing_key

VERSION: Final = 1
NONCE_BYTES: Final = 12
SENDERS: Final = 256
"""Keys of senders that are kept ready."""


class Told(msgspec.Struct, frozen=True, array_like=True):
    """One live event; ``data`` as it was published, its enums as plain words."""

    tenant: str
    conv: str
    kind: str
    data: dict[str, Any]


class Packet(msgspec.Struct, frozen=True, array_like=True):
    """Events of one moment at one replica; without any it only tells that the sender lives."""

    version: int
    sender: str
    number: int
    sealed: bytes


_PACKETS: Final = msgspec.msgpack.Decoder(Packet)
_EVENTS: Final = msgspec.msgpack.Decoder(tuple[Told, ...])
_ENCODER: Final = msgspec.msgpack.Encoder()


def installation(secret: bytes) -> str:
    """Names what belongs together in a Redis that others may use too; tells nothing of the secret."""
    return signing_key(secret, "live-name").hex()[:16]


class Packets:
    """Packs what this replica tells and unpacks what others do."""

    def __init__(self, secret: bytes, sender: str) -> None:
        self.sender = sender
        self._secret = signing_key(secret, "live-events")
        self._keys: OrderedDict[str, AESGCM] = OrderedDict()

    def pack(self, number: int, events: Sequence[tuple[str, str, str, Any]]) -> bytes:
        """The packet of this replica's ``number``; a number is used once."""
        sealed = self._key(self.sender).encrypt(_nonce(number), _ENCODER.encode(events), None)
        return _ENCODER.encode(Packet(VERSION, self.sender, number, sealed))

    def opened(self, packet: Packet) -> tuple[Told, ...] | None:
        """The events of a packet; None when it was not sealed by one of us."""
        try:
            return _EVENTS.decode(self._key(packet.sender).decrypt(_nonce(packet.number), packet.sealed, None))
        except (InvalidTag, ValueError, OverflowError):
            return None

    def _key(self, sender: str) -> AESGCM:
        key = self._keys.get(sender)
        if key is None:
            key = self._keys[sender] = AESGCM(hmac.digest(self._secret, sender.encode(), "sha256"))
            if len(self._keys) > SENDERS:
                self._keys.popitem(last=False)
        return key


def read(raw: bytes) -> Packet | None:
    """A packet's outside; None for what is none, also one of another version."""
    try:
        packet = _PACKETS.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return packet if packet.version == VERSION else None


def _nonce(number: int) -> bytes:
    return number.to_bytes(NONCE_BYTES, "big")
